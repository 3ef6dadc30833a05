"""A real terminal with a command behind it, for the tests that type, resize and read."""
import fcntl, os, pty, select, signal, struct, sys, termios, time


class Terminal:
    def __init__(self, argv, rows=33, columns=101):
        self.master, self.slave = pty.openpty()
        self.text = b""
        self.resize(rows, columns)
        self.before = termios.tcgetattr(self.slave)
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
            for i in range(3):
                os.dup2(self.slave, i)
            os.execvp(argv[0], argv)

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text):
        os.write(self.master, text)

    def say(self, line):
        self.type(line + b"\n")

    def read_until(self, word, seconds=30):
        """What follows the word stays to be read."""
        end = time.time() + seconds
        while word not in self.text:
            if select.select([self.master], [], [], 0.2)[0]:
                self.text += os.read(self.master, 65536)
            elif time.time() > end:
                sys.exit(f"no {word!r} in {self.text!r}")
        self.text = self.text[self.text.index(word) + len(word):]

    def sizes(self):
        """The shell behind it sees the size, and a change of it."""
        self.say(b"stty size")
        self.read_until(b"33 101")
        self.resize(44, 55)
        os.kill(self.pid, signal.SIGWINCH)
        time.sleep(1)
        self.say(b"stty size")
        self.read_until(b"44 55")

    def end(self):
        """Its exit status; what it still prints is read, or it would wait for that."""
        while True:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            if select.select([self.master], [], [], 0.1)[0]:
                self.text += os.read(self.master, 65536)

    def restored(self):
        return termios.tcgetattr(self.slave) == self.before
