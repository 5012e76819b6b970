/* A question before the worst act: no habit, no held key and no paste answers it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "support/canvas_check.h"
#include "tui/dialog.h"

static struct tui_dialog dialog;
static int64_t now_ms;
static unsigned batch;

static enum tui_dialog_state press(uint32_t key)
{
    struct tui_event event = { .key = key, .batch = ++batch };
    return tui_dialog_key(&dialog, &event, now_ms);
}

static void type(const char *text)
{
    for (; *text; text++)
        assert_int_equal(press((unsigned char)*text), TUI_DIALOG_OPEN);
}

static enum tui_dialog_state paste(const char *text)
{
    struct tui_event event = {
        .key = TUI_KEY_PASTE, .paste = text, .paste_len = strlen(text), .batch = ++batch
    };
    return tui_dialog_key(&dialog, &event, now_ms);
}

static int given_a_confirmation(void **state)
{
    (void)state;
    now_ms = 1000000;
    tui_dialog_init(&dialog, "Apply on PROD", "Run 2 on prod", TUI_DANGER);
    tui_dialog_add(&dialog, "Type shop-prod 2:", "shop-prod 2");
    dialog.want_w = 50;
    dialog.want_h = 3;
    return 0;
}

static void it_opens_on_cancel_and_esc_cancels_always(void **state)
{
    (void)state;
    assert_int_equal(dialog.focus, dialog.field_count);
    type("sh");
    assert_int_equal(press(TUI_KEY_ESC), TUI_DIALOG_CANCELLED);
}

static void enter_held_down_does_nothing(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++)
        assert_int_equal(press(TUI_KEY_ENTER), TUI_DIALOG_OPEN);
    press(TUI_KEY_TAB); /* the field */
    assert_int_equal(press(TUI_KEY_ENTER), TUI_DIALOG_OPEN);
    press(TUI_KEY_BACKTAB);
    press(TUI_KEY_TAB);
    for (size_t i = 0; i < 3; i++) { /* on every button */
        press(TUI_KEY_TAB);
        assert_int_equal(press(TUI_KEY_ENTER), TUI_DIALOG_OPEN);
    }
}

static void the_right_text_a_pause_and_the_button_run_it(void **state)
{
    (void)state;
    type("shop-prod 2"); /* on Cancel: goes to the field */
    assert_string_equal(dialog.fields[0].line.text, "shop-prod 2");
    now_ms += 2999;
    assert_non_null(tui_dialog_locked(&dialog, now_ms));
    assert_int_equal(tui_dialog_due(&dialog, now_ms), now_ms + 1);
    press(TUI_KEY_TAB);
    press(TUI_KEY_TAB);
    assert_int_equal(dialog.focus, 2);
    assert_int_equal(press(TUI_KEY_ENTER), TUI_DIALOG_OPEN);
    now_ms += 1;
    assert_null(tui_dialog_locked(&dialog, now_ms));
    assert_int_equal(tui_dialog_due(&dialog, now_ms), 0);
    assert_int_equal(press(TUI_KEY_ENTER), TUI_DIALOG_DONE);
}

static void enter_in_the_field_does_not_run_it(void **state)
{
    (void)state;
    type("shop-prod 2");
    now_ms += 60000;
    for (int i = 0; i < 10; i++)
        assert_int_equal(press(TUI_KEY_ENTER), TUI_DIALOG_OPEN);
    assert_int_equal(dialog.focus, 0);
}

static void cancel_is_cancel_when_it_is_unlocked(void **state)
{
    (void)state;
    type("shop-prod 2");
    now_ms += 3000;
    press(TUI_KEY_TAB);
    assert_int_equal(press(TUI_KEY_ENTER), TUI_DIALOG_CANCELLED);
}

static void another_key_starts_the_pause_anew(void **state)
{
    (void)state;
    type("shop-prod 2");
    now_ms += 3000;
    assert_null(tui_dialog_locked(&dialog, now_ms));
    type("x");
    assert_non_null(tui_dialog_locked(&dialog, now_ms + 10000));
    press(TUI_KEY_BACKSPACE);
    assert_non_null(tui_dialog_locked(&dialog, now_ms + 2999));
    assert_null(tui_dialog_locked(&dialog, now_ms + 3000));
}

static void nearly_the_right_text_is_wrong(void **state)
{
    (void)state;
    static const char *const wrong[] = { "shop-prod", "shop-prod 3", "Shop-prod 2", "shop-prod 2 ",
                                         " shop-prod 2" };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        given_a_confirmation(NULL);
        type(wrong[i]);
        now_ms += 60000;
        assert_non_null(tui_dialog_locked(&dialog, now_ms));
        assert_int_equal(tui_dialog_due(&dialog, now_ms), 0);
    }
}

static void a_paste_is_refused_and_empties_the_field(void **state)
{
    (void)state;
    assert_int_equal(paste("shop-prod 2"), TUI_DIALOG_OPEN);
    now_ms += 60000;
    assert_string_equal(dialog.fields[0].line.text, "");
    assert_non_null(strstr(tui_dialog_locked(&dialog, now_ms), "paste"));
    type("shop-prod ");
    paste("2");
    now_ms += 60000;
    assert_non_null(tui_dialog_locked(&dialog, now_ms));
    type("shop-prod 2");
    now_ms += 3000;
    assert_null(tui_dialog_locked(&dialog, now_ms));
}

static void a_paste_that_comes_as_keys_is_refused_too(void **state)
{
    (void)state;
    for (const char *p = "shop-prod 2"; *p; p++) {
        struct tui_event event = { .key = (unsigned char)*p, .batch = 77 };
        tui_dialog_key(&dialog, &event, now_ms);
    }
    now_ms += 60000;
    assert_non_null(tui_dialog_locked(&dialog, now_ms));
}

static void a_plain_question_takes_pastes_and_wants_what_is_needed(void **state)
{
    (void)state;
    tui_dialog_init(&dialog, "Ask", "Request", TUI_BORDER);
    tui_dialog_add(&dialog, "Ticket:", NULL);
    tui_dialog_add(&dialog, "Reason:", NULL)->needed = true;
    press(TUI_KEY_TAB);
    press(TUI_KEY_TAB);
    assert_int_equal(dialog.focus, 0);
    paste("CHG-2291");
    press(TUI_KEY_ENTER); /* the next field */
    press(TUI_KEY_ENTER); /* the button */
    assert_int_equal(dialog.focus, 3);
    assert_int_equal(press(TUI_KEY_ENTER), TUI_DIALOG_OPEN); /* no reason yet */
    press(TUI_KEY_UP);
    press(TUI_KEY_UP);
    assert_int_equal(dialog.focus, 1);
    type("peak is over");
    press(TUI_KEY_ENTER);
    struct tui_event crowd = { .key = TUI_KEY_ENTER,
                               .with_others = true }; /* of a paste that nothing marks */
    assert_int_equal(tui_dialog_key(&dialog, &crowd, now_ms), TUI_DIALOG_OPEN);
    assert_int_equal(press(TUI_KEY_ENTER), TUI_DIALOG_DONE);
    assert_string_equal(dialog.fields[0].line.text, "CHG-2291");
}

static void something_to_read_has_a_button_that_closes(void **state)
{
    (void)state;
    tui_dialog_init(&dialog, "Error", NULL, TUI_BORDER);
    type("abc"); /* nothing takes it */
    assert_int_equal(press(TUI_KEY_ENTER), TUI_DIALOG_CANCELLED);
}

static void a_question_without_fields_is_cancelled_by_enter(void **state)
{
    (void)state;
    tui_dialog_init(&dialog, "Apply on dev", "Run 1 on dev", TUI_BORDER);
    assert_int_equal(press(TUI_KEY_ENTER), TUI_DIALOG_CANCELLED);
    tui_dialog_init(&dialog, "Apply on dev", "Run 1 on dev", TUI_BORDER);
    press(TUI_KEY_RIGHT);
    assert_int_equal(press(TUI_KEY_ENTER), TUI_DIALOG_DONE);
}

static void draw(struct tui_canvas *canvas)
{
    struct tui_pane all = tui_pane_all(canvas);
    tui_fill(&all, 0, 0, canvas->cols, canvas->rows, TUI_PLAIN, '.');
    struct tui_pane body = tui_dialog_draw(&dialog, &all, now_ms);
    tui_text(&body, 0, 0, TUI_PLAIN, "rs0.example/shop  plan 7c1e90aa");
    tui_text(&body, 0, 1, TUI_PLAIN, "1 0041 backfill");
}

static void it_stands_in_the_middle(void **state)
{
    (void)state;
    struct tui_canvas *canvas = tui_canvas_new(60, 12, false);
    type("shop");
    draw(canvas);
    canvas_shows(canvas, "............................................................\n"
                         "...+- Apply on PROD ------------------------------------+...\n"
                         "...| rs0.example/shop  plan 7c1e90aa                    |...\n"
                         "...| 1 0041 backfill                                    |...\n"
                         "...|                                                    |...\n"
                         "...|                                                    |...\n"
                         "...| Type shop-prod 2: shop                             |...\n"
                         "...| locked until the text matches                      |...\n"
                         "...| [ Cancel ]    ( Run 2 on prod )                    |...\n"
                         "...+- esc cancels --------------------------------------+...\n"
                         "............................................................\n"
                         "............................................................\n");
    assert_int_equal(canvas->cursor_y, 6);
    tui_canvas_free(canvas);
}

static void field_and_buttons_are_there_at_every_size(void **state)
{
    (void)state;
    for (int rows = 1; rows < 14; rows++)
        for (int cols = 1; cols < 60; cols++) {
            struct tui_canvas *canvas = tui_canvas_new(cols, rows, false);
            draw(canvas);
            MIG_AUTOBUF struct mig_buf shown;
            mig_buf_init(&shown, 10000);
            tui_canvas_text(canvas, &shown);
            if (cols >= 40 && rows >= 3) {
                assert_non_null(strstr(shown.text, "Type shop-prod 2:"));
                assert_non_null(strstr(shown.text, "[ Cancel ]"));
                assert_non_null(strstr(shown.text, "( Run 2 on prod )"));
            }
            if (cols >= 40 && rows >= 4)
                assert_non_null(strstr(shown.text, "rs0.example"));
            tui_canvas_free(canvas);
        }
}

/* In a window too narrow for the label nobody could know what to type. */
static void what_is_to_be_typed_is_told_where_its_label_is_cut(void **state)
{
    (void)state;
    struct tui_canvas *canvas = tui_canvas_new(32, 10, false);
    MIG_AUTOBUF struct mig_buf shown;
    mig_buf_init(&shown, 10000);
    draw(canvas);
    tui_canvas_text(canvas, &shown);
    assert_non_null(strstr(shown.text, "to type: shop-prod 2"));
    tui_canvas_free(canvas);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_is_to_be_typed_is_told_where_its_label_is_cut, given_a_confirmation),
        cmocka_unit_test_setup(it_opens_on_cancel_and_esc_cancels_always, given_a_confirmation),
        cmocka_unit_test_setup(enter_held_down_does_nothing, given_a_confirmation),
        cmocka_unit_test_setup(the_right_text_a_pause_and_the_button_run_it, given_a_confirmation),
        cmocka_unit_test_setup(enter_in_the_field_does_not_run_it, given_a_confirmation),
        cmocka_unit_test_setup(cancel_is_cancel_when_it_is_unlocked, given_a_confirmation),
        cmocka_unit_test_setup(another_key_starts_the_pause_anew, given_a_confirmation),
        cmocka_unit_test_setup(nearly_the_right_text_is_wrong, given_a_confirmation),
        cmocka_unit_test_setup(a_paste_is_refused_and_empties_the_field, given_a_confirmation),
        cmocka_unit_test_setup(a_paste_that_comes_as_keys_is_refused_too, given_a_confirmation),
        cmocka_unit_test_setup(a_plain_question_takes_pastes_and_wants_what_is_needed, given_a_confirmation),
        cmocka_unit_test_setup(something_to_read_has_a_button_that_closes, given_a_confirmation),
        cmocka_unit_test_setup(a_question_without_fields_is_cancelled_by_enter, given_a_confirmation),
        cmocka_unit_test_setup(it_stands_in_the_middle, given_a_confirmation),
        cmocka_unit_test_setup(field_and_buttons_are_there_at_every_size, given_a_confirmation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
