"""exec -it behind a real terminal: argv is the command; prints what stty said before and after a change of size."""
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
        if time.time() > end or not select.select([fd], [], [], 0.5)[0]:
            if time.time() > end:
                sys.exit(f"no {word!r} in {text!r}")
            continue
        try:
            got = os.read(fd, 65536)
        except OSError:
            got = b""
        if not got:
            sys.exit(f"ended without {word!r}: {text!r}")
        text += got


os.write(fd, b"stty size\n")
read_until(b"33 101")
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 44, 55, 0, 0))
time.sleep(1)
os.write(fd, b"stty size\n")
read_until(b"44 55")
os.write(fd, b"exit 7\n")
print("exit", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
