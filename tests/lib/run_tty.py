"""run -it behind a real terminal: argv is the command up to the image's shell. The shell says its size, before and after a
change; then ^C; then it ends, and the terminal must be as it was."""
import sys, time
from terminal import Terminal

t = Terminal(sys.argv[1:])
t.say(b"echo rea''dy")
t.read_until(b"ready")
t.sizes()
print("sized")
t.say(b"sleep 100")
time.sleep(0.5)
t.type(b"\x03")
t.read_until(b"^C")
t.say(b"echo go''t $?")
t.read_until(b"got 130")
print("interrupted")
t.say(b"exit 7")
print("exit", t.end())
print("restored" if t.restored() else "changed")
