/* Any bytes from a terminal, cut anywhere: every one is taken, no key has a form that has no name, no call goes round
 * for ever. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tui/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void take(struct tui_decoder *decoder)
{
    struct tui_event event;
    while (tui_decode_next(decoder, &event)) {
        char name[TUI_KEY_NAME_MAX];
        tui_key_name(event.key, name);
        require(event.key != TUI_KEY_NONE && tui_key_find(name) == event.key);
        require((event.key == TUI_KEY_PASTE) == (event.paste != NULL));
        require(event.paste_len <= TUI_PASTE_MAX);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tui_decoder decoder;
    if (size < 2)
        return 0;
    tui_decode_init(&decoder, data[0] & 1);
    size_t step = data[1] + 1U;
    for (size_t at = 2; at < size;) {
        size_t room, left = size - at;
        char *to = tui_decode_room(&decoder, &room);
        require(room > 0);
        size_t len = step < left ? step : left;
        len = len < room ? len : room;
        memcpy(to, data + at, len);
        tui_decode_feed(&decoder, len);
        at += len;
        take(&decoder);
        if (at % 11 == 0)
            tui_decode_reset(&decoder);
        if (at % 7 == 0) {
            tui_decode_expire(&decoder);
            take(&decoder);
        }
    }
    tui_decode_expire(&decoder);
    take(&decoder);
    require(tui_decode_wait_ms(&decoder) < 0);
    size_t room;
    tui_decode_room(&decoder, &room);
    require(room >= TUI_DECODE_ROOM - 64); /* the beginning of a sequence */
    tui_decode_done(&decoder);
    return 0;
}
