"""A terminal for the program to run in, and a screen to read.

    term = t.terminal("-c", "help", columns=40)
    term.expect(r"sipsh> $")            until a line of the screen matches
    term.send("invite sip:al")          as typed; term.press("tab", "enter")
    term.lines                          rows of the screen, right-trimmed
                                        (that of the cursor: down to it)
    term.cursor                         (row, column), from 0
    term.history                        rows that have scrolled off the top
    term.resize(20, 24)                 the program is told by SIGWINCH
    term.raw                            every octet the program wrote
    term.wait()                         its exit status

The screen knows what xterm's terminfo entry makes readline and ncurses emit;
anything else is a Failure, so that no sequence goes unseen.
"""

import codecs
import fcntl
import os
import re
import struct
import subprocess
import termios
import threading
import unicodedata

from harness import Failure, PATIENCE, Process, wait_until, _stat_of

KEYS = {
    "enter": "\r", "tab": "\t", "backspace": "\x7f", "escape": "\x1b",
    "up": "\x1b[A", "down": "\x1b[B", "right": "\x1b[C", "left": "\x1b[D",
    "home": "\x1b[H", "end": "\x1b[F", "delete": "\x1b[3~",
    **{f"ctrl-{letter}": chr(ord(letter) & 31)
       for letter in "abcdefghijklmnopqrstuvwxyz"},
    "ctrl-\\": "\x1c",
}

SEQUENCE = re.compile(
    r"\x1b(?:\[([?>]?)([\d;]*)([@-~])"          # CSI
    r"|\](?:[^\x07\x1b]*)(?:\x07|\x1b\\)"       # OSC
    r"|[()][0-9A-Za-z]|([=>78MDEc]))")
UNFINISHED = re.compile(
    r"\x1b(?:\[[?>]?[\d;]*|\][^\x07\x1b]*\x1b?|[()]?)?$")


class Screen:
    """Rows of cells and a cursor."""

    def __init__(self, columns, rows):
        self.columns, self.rows = columns, rows
        self.cells = [self._blank() for _ in range(rows)]
        self.history = []
        self.row = self.column = 0
        self.wrap = False       # the last column was written: wrap first
        self.saved = (0, 0)
        self._rest = ""

    def _blank(self):
        return [" "] * self.columns

    @property
    def lines(self):
        lines = ["".join(row).rstrip() for row in self.cells]
        lines[self.row] = lines[self.row].ljust(self.column)
        return lines

    def resize(self, columns, rows):
        """Cut or padded at the right and the top; nothing is rewrapped."""
        self.columns = columns
        self.cells = [(row + self._blank())[:columns] for row in self.cells]
        while len(self.cells) > rows:
            if self.row < rows and not "".join(self.cells[-1]).strip():
                self.cells.pop()
                continue
            self.history.append("".join(self.cells.pop(0)).rstrip())
            self.row -= 1
        while len(self.cells) < rows:
            self.cells.append(self._blank())
        self.rows = rows
        self.row = max(0, min(self.row, rows - 1))
        self.column = min(self.column, columns - 1)
        self.wrap = False

    def feed(self, text):
        text = self._rest + text
        self._rest = ""
        at = 0
        while at < len(text):
            if text[at] != "\x1b":
                self._put(text[at])
                at += 1
                continue
            found = SEQUENCE.match(text, at)
            if found:
                self._sequence(*found.groups())
                at = found.end()
            elif UNFINISHED.match(text, at):
                self._rest = text[at:]
                return
            else:
                raise Failure(f"unknown sequence {text[at:at + 12]!r}")

    def _line_feed(self):
        if self.row < self.rows - 1:
            self.row += 1
            return
        self.history.append("".join(self.cells.pop(0)).rstrip())
        self.cells.append(self._blank())

    def _put(self, c):
        if c == "\r":
            self.column = 0
        elif c == "\n":
            self._line_feed()
        elif c == "\b":
            self.column = max(0, self.column - 1)
        elif c == "\t":
            self.column = min(self.columns - 1, (self.column | 7) + 1)
        elif c == "\x07" or c == "\x00":
            return
        elif ord(c) < 32 or ord(c) == 127:
            raise Failure(f"control character {c!r} on the screen")
        else:
            self._put_visible(c)
            return
        self.wrap = False

    def _put_visible(self, c):
        if unicodedata.combining(c):
            self.cells[self.row][max(0, self.column - 1)] += c
            return
        width = 2 if unicodedata.east_asian_width(c) in "WF" else 1
        if self.wrap or self.column + width > self.columns:
            self.column = 0
            self._line_feed()
            self.wrap = False
        row = self.cells[self.row]
        behind = self.column + width
        if row[self.column] == "":      # half of a wide one goes: all of it
            row[self.column - 1] = " "
        if behind < self.columns and row[behind] == "":
            row[behind] = " "
        row[self.column:behind] = [c] + [""] * (width - 1)
        self.column = behind
        if self.column >= self.columns:
            self.column = self.columns - 1
            self.wrap = True

    def _sequence(self, private, parameters, final, short):
        if short:
            self._short(short)
        elif final and not private:
            numbers = [int(n) if n else 0
                       for n in (parameters or "").split(";")]
            self._csi(final, numbers, max(1, numbers[0]))

    def _short(self, c):
        if c == "7":
            self.saved = (self.row, self.column)
        elif c == "8":
            self.row, self.column = self.saved
        elif c == "M":
            if self.row > 0:
                self.row -= 1
            else:
                self.cells.insert(0, self._blank())
                self.cells.pop()
        elif c == "D" or c == "E":
            self._line_feed()
            self.column = 0 if c == "E" else self.column
        elif c == "c":
            self.__init__(self.columns, self.rows)
        self.wrap = False

    def _csi(self, final, numbers, n):
        row = self.cells[self.row]
        if final in "mhlrnt":           # colours, modes, reports
            return
        self.wrap = False
        if final == "A":
            self.row = max(0, self.row - n)
        elif final == "B":
            self.row = min(self.rows - 1, self.row + n)
        elif final == "C":
            self.column = min(self.columns - 1, self.column + n)
        elif final == "D":
            self.column = max(0, self.column - n)
        elif final == "G":
            self.column = min(self.columns, n) - 1
        elif final == "d":
            self.row = min(self.rows, n) - 1
        elif final in "Hf":
            column = max(1, numbers[1]) if len(numbers) > 1 else 1
            self.row = min(self.rows, n) - 1
            self.column = min(self.columns, column) - 1
        elif final == "J":
            self._erase_display(numbers[0])
        elif final == "K":
            self._erase_line(numbers[0])
        elif final == "P":
            del row[self.column:self.column + n]
            row.extend(" " * (self.columns - len(row)))
        elif final == "@":
            row[self.column:self.column] = [" "] * n
            del row[self.columns:]
        elif final == "X":
            for at in range(self.column, min(self.columns, self.column + n)):
                row[at] = " "
        elif final == "L":
            for _ in range(n):
                self.cells.insert(self.row, self._blank())
                self.cells.pop()
        elif final == "M":
            for _ in range(n):
                del self.cells[self.row]
                self.cells.append(self._blank())
        else:
            raise Failure(f"unknown sequence CSI {numbers} {final}")

    def _erase_line(self, how):
        first = 0 if how else self.column
        last = self.column + 1 if how == 1 else self.columns
        self.cells[self.row][first:last] = [" "] * (last - first)

    def _erase_display(self, how):
        if how == 3:                    # what has scrolled off
            self.history.clear()
            return
        first = 0 if how else self.row + 1
        last = self.row if how == 1 else self.rows
        for at in range(first, last):
            self.cells[at] = self._blank()
        if how < 2:
            self._erase_line(how)


def _take_terminal():
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Terminal(Process):
    """A program whose terminal is a Screen."""

    def __init__(self, argv, cwd, env, columns, rows):
        # pylint: disable=super-init-not-called
        self.argv = argv
        self.raw = b""
        self._screen = Screen(columns, rows)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._lock = threading.Lock()
        self._error = None
        self._master, slave = os.openpty()
        self._set_size(columns, rows)
        self.popen = subprocess.Popen(
            argv, cwd=cwd, env=env, stdin=slave, stdout=slave, stderr=slave,
            start_new_session=True, preexec_fn=_take_terminal)
        os.close(slave)
        self.pid = self.popen.pid
        self._started = (_stat_of(self.pid) or (0, 0))[1]
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _set_size(self, columns, rows):
        fcntl.ioctl(self._master, termios.TIOCSWINSZ,
                    struct.pack("HHHH", rows, columns, 0, 0))

    def _read(self):
        while True:
            try:
                octets = os.read(self._master, 65536)
            except OSError:             # the program closed its side
                return
            if not octets:
                return
            with self._lock:
                self.raw += octets
                try:
                    self._screen.feed(self._decoder.decode(octets))
                except Failure as failure:
                    self._error = self._error or failure

    def _look(self, fn):
        with self._lock:
            if self._error:
                raise self._error
            return fn(self._screen)

    @property
    def lines(self):
        return self._look(lambda screen: screen.lines)

    @property
    def history(self):
        return self._look(lambda screen: list(screen.history))

    @property
    def cursor(self):
        return self._look(lambda screen: (screen.row, screen.column))

    @property
    def text(self):
        """What scrolled off and the screen, down to the last line in use."""
        return "\n".join(self.history + self.lines).rstrip("\n")

    @property
    def out(self):
        return self.text

    err = ""

    def send(self, line):
        os.write(self._master, line.encode())

    def press(self, *keys):
        for key in keys:
            self.send(KEYS[key])

    def type(self, line):
        """A line and enter."""
        self.send(line + "\r")

    def expect(self, regex, timeout=PATIENCE):
        """Waits until the text (see there) matches, anywhere in it."""
        return wait_until(
            lambda: re.search(regex, self.text, re.MULTILINE),
            lambda: f"{regex!r} on the screen:\n{self.text}", timeout)

    def expect_line(self, regex, timeout=PATIENCE):
        """Waits until the row of the cursor matches."""
        return wait_until(
            lambda: re.search(regex, self.lines[self.cursor[0]]),
            lambda: f"{regex!r} where the cursor is, row {self.cursor[0]}, "
                    f"of:\n{self.text}", timeout)

    def resize(self, columns, rows):
        with self._lock:
            self._screen.resize(columns, rows)
            self._set_size(columns, rows)

    def hang_up(self):
        """The terminal goes away, as when its window is closed."""
        if self._master >= 0:
            os.close(self._master)
            self._master = -1

    def close_stdin(self):
        self.press("ctrl-d")

    def wait(self, timeout=PATIENCE):
        wait_until(lambda: not self.running,
                   lambda: f"the end; screen:\n{self.text}", timeout)
        self._reader.join(timeout)
        return self.popen.returncode

    def close(self):
        self.stop()
        self._reader.join(5)
        self.hang_up()
        if self._error:
            raise self._error
        if b"Sanitizer:" in self.raw or b"runtime error:" in self.raw:
            raise Failure("the program is broken:\n"
                          + self.raw.decode(errors="replace"))
