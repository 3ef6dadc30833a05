"""attach behind a real terminal: argv is the command, of a container whose shell has a terminal; types, resizes, leaves."""
import sys, time
from terminal import Terminal

t = Terminal(sys.argv[1:])
time.sleep(1)
t.say(b"echo a$((40 + 2))")
t.read_until(b"a42")
t.sizes()
t.type(b"\x03")  # a byte: the shell's own terminal makes a signal of it, and drops what was typed meanwhile
t.read_until(b"^C")
time.sleep(1)
t.say(b"echo b$((40 + 3))")
t.read_until(b"b43")
t.type(b"\x10")
t.type(b"\x11")
print("exit", t.end())
