"""A program in a real terminal: tmux shows what an operator would see, and a shell with job control runs it.

Nothing sleeps: wait() polls the screen until a deadline. Each Tmux is a server of its own, on a socket in its folder.
"""

import os
import shlex
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

CONF = """set -g status off
set -sg escape-time 0
set -g remain-on-exit off
set -g default-terminal tmux-256color
set -g history-limit 50
"""
PROMPT = "ready>"


class Tmux:
    """A shell in a window of cols x rows; close() ends it and everything in it."""

    def __init__(self, cols=80, rows=24, **env):
        self.dir = Path(tempfile.mkdtemp(prefix="migtui-tmux-"))
        (self.dir / "conf").write_text(CONF)
        base = {k: v for k, v in os.environ.items() if not k.startswith(("TMUX", "LC_", "NO_COLOR")) and k != "LANG"}
        self.env = base | {"TMUX_TMPDIR": str(self.dir), "LANG": "C.UTF-8", "HISTFILE": ""} | env
        # At the end of a program the leak checker stops it to look; where its terminal has gone, the kernel sets such an
        # orphan going again, and the two wait for each other.
        self.env["ASAN_OPTIONS"] = ":".join(filter(None, (self.env.get("ASAN_OPTIONS"), "detect_leaks=0")))
        shell = f"exec env PS1='{PROMPT}' bash --norc --noprofile -i"
        self.tmux("-f", str(self.dir / "conf"), "new-session", "-d", "-x", str(cols), "-y", str(rows), shell)
        self.wait(PROMPT)

    def tmux(self, *words, check=True):
        done = subprocess.run(
            ["tmux", "-L", "t", *words], env=self.env, cwd=self.dir, capture_output=True, text=True, timeout=60, check=False
        )
        if check and done.returncode != 0:
            raise AssertionError(f"tmux {words}: {done.stderr}")
        return done.stdout

    def close(self):
        self.tmux("kill-server", check=False)
        shutil.rmtree(self.dir, ignore_errors=True)

    def screen(self):
        return self.tmux("capture-pane", "-p")

    def wait(self, wanted, deadline_s=60):
        """Until wanted is on the screen, or wanted(screen) is true; returns the screen."""
        until = time.monotonic() + deadline_s
        while True:
            screen = self.screen()
            if wanted(screen) if callable(wanted) else wanted in screen:
                return screen
            if time.monotonic() > until:
                raise AssertionError(f"{wanted!r} not within {deadline_s} s:\n{screen}")
            time.sleep(0.02)

    def type(self, text):
        self.tmux("send-keys", "-l", text)

    def press(self, *keys):
        """Keys as tmux names them: Enter, Escape, C-z, Up."""
        self.tmux("send-keys", *keys)

    def run(self, command):
        """Type a command line for the shell; does not wait for its end."""
        self.type(command)
        self.press("Enter")

    def out(self, command):
        """What a command of the shell prints, when it has ended."""
        to = self.dir / "out"
        to.unlink(missing_ok=True)
        self.run(f"clear; {{ {command}; }} > out.next 2>&1; mv out.next out")
        until = time.monotonic() + 60
        while not to.exists():
            if time.monotonic() > until:
                raise AssertionError(f"{command} did not end:\n{self.screen()}")
            time.sleep(0.02)
        self.wait(PROMPT)
        return to.read_text()

    def modes(self):
        """The terminal's modes as a program finds them."""
        return self.out("stty -a")

    def resize(self, cols, rows):
        self.tmux("resize-window", "-x", str(cols), "-y", str(rows))

    def paste(self, text, bracketed=True):
        self.tmux("set-buffer", "--", text)
        self.tmux("paste-buffer", *(["-p"] if bracketed else []))

    def fullscreen(self):
        """A program has the alternate screen."""
        return self.tmux("display-message", "-p", "#{alternate_on}").strip() == "1"

    def shell_pid(self):
        return int(self.tmux("display-message", "-p", "#{pane_pid}"))


def child_of(pid, name, deadline_s=60):
    """The process called name that pid has started, as soon as there is one."""
    until = time.monotonic() + deadline_s
    while time.monotonic() < until:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for child in children:
            try:
                if Path(f"/proc/{child}/cmdline").read_text().split("\0")[0].endswith(name):
                    return int(child)
            except OSError:  # it has gone in between
                continue
    raise AssertionError(f"{pid} has no child {name}")


def ended(pid):
    """True when no such process runs; one that nobody has waited for does not run."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] in ("Z", "X")
    except OSError:
        return True


def wait_for(condition, what, deadline_s=60):
    until = time.monotonic() + deadline_s
    while not condition():
        if time.monotonic() > until:
            raise AssertionError(f"{what}: not within {deadline_s} s")
        time.sleep(0.02)


quoted = shlex.quote
