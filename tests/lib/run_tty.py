"""run -it behind a real terminal: argv is the command up to the image; says what the terminal did. The container's shell is told to
say its size, before and after a change; then
^C; then it ends, and the terminal must be as it was."""
import fcntl, os, pty, select, struct, sys, termios, time

master, slave = pty.openpty()
fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 101, 0, 0))
before = termios.tcgetattr(slave)
pid = os.fork()
if pid == 0:
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for i in range(3):
        os.dup2(slave, i)
    os.execvp(sys.argv[1], sys.argv[1:])
text = b""


def read_until(word, seconds=30):
    global text
    end = time.time() + seconds
    while word not in text:
        if select.select([master], [], [], 0.2)[0]:
            text += os.read(master, 65536)
        elif time.time() > end:
            sys.exit(f"no {word!r} in {text!r}")
    text = text[text.index(word) + len(word):]


def say(line):
    os.write(master, line + b"\n")


say(b"echo rea''dy")
read_until(b"ready")
say(b"stty size")
read_until(b"33 101")
fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 44, 55, 0, 0))
os.kill(pid, 28)
time.sleep(1)
say(b"stty size")
read_until(b"44 55")
print("sized")
say(b"sleep 100")
time.sleep(0.5)
os.write(master, b"\x03")
read_until(b"^C")
say(b"echo go''t $?")
read_until(b"got 130")
print("interrupted")
say(b"exit 7")
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
print("exit", status)
print("restored" if termios.tcgetattr(slave) == before else f"changed: {before} {termios.tcgetattr(slave)}")
