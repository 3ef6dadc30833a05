"""attach behind a real terminal: argv is the command, of a container whose shell has a terminal; types, resizes, leaves."""
import fcntl, os, pty, select, struct, sys, termios, time

pid, fd = pty.fork()
if pid == 0:
    time.sleep(0.2)  # until the size is set
    os.execvp(sys.argv[1], sys.argv[1:])
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 101, 0, 0))
text = b""


def read_until(word, seconds=20):
    global text
    end = time.time() + seconds
    while word not in text:
        if time.time() > end:
            sys.exit(f"no {word!r} in {text!r}")
        if not select.select([fd], [], [], 0.5)[0]:
            continue
        try:
            text += os.read(fd, 65536)
        except OSError:
            sys.exit(f"ended without {word!r}: {text!r}")


time.sleep(1)
os.write(fd, b"echo a$((40 + 2))\n")
read_until(b"a42")
os.write(fd, b"stty size\n")
read_until(b"33 101")
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 44, 55, 0, 0))
time.sleep(1)
os.write(fd, b"stty size\n")
read_until(b"44 55")
os.write(fd, b"\x03")  # a byte: the shell's own terminal makes a signal of it, and drops what was typed meanwhile
read_until(b"^C")
time.sleep(1)
os.write(fd, b"echo b$((40 + 3))\n")
read_until(b"b43")
os.write(fd, b"\x10")
os.write(fd, b"\x11")
print("exit", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
