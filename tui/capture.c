/* capture.c - standard error into a file in memory. */
#include "tui/capture.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"

void tui_capture_start(struct tui_capture *capture)
{
    *capture = (struct tui_capture){ .file = -1, .before = { -1, -1, -1 } };
    if (!isatty(STDOUT_FILENO) && !isatty(STDERR_FILENO))
        return;
    int file = memfd_create("messages", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (file < 0)
        return;
    if (ftruncate(file, TUI_CAPTURE_MAX) != 0 || fcntl(file, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK) != 0) {
        close(file);
        return;
    }
    fflush(stdout);
    fflush(stderr);
    capture->file = file;
    for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++)
        if (isatty(fd) && (capture->before[fd] = fcntl(fd, F_DUPFD_CLOEXEC, 3)) >= 0)
            dup2(file, fd);
}

static void say(const struct tui_capture *capture, size_t len)
{
    char *caught MIG_AUTOFREE = mig_alloc(TUI_CAPTURE_MAX);
    ssize_t got = pread(capture->file, caught, len < TUI_CAPTURE_MAX ? len : TUI_CAPTURE_MAX, 0);
    MIG_AUTOBUF struct mig_buf safe;
    mig_buf_init(&safe, TUI_CAPTURE_MAX * 8);
    mig_text_safe(&safe, caught, got > 0 ? (size_t)got : 0, SIZE_MAX, true);
    fwrite(safe.text, 1, safe.len, stderr);
}

void tui_capture_stop(struct tui_capture *capture)
{
    if (capture->file < 0)
        return;
    fflush(stdout);
    fflush(stderr);
    for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++)
        if (capture->before[fd] >= 0) {
            dup2(capture->before[fd], fd);
            close(capture->before[fd]);
        }
    off_t len = lseek(capture->file, 0, SEEK_CUR);
    if (len > 0)
        say(capture, (size_t)len);
    close(capture->file);
    capture->file = -1;
}
