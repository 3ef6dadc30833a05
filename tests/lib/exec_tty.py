"""exec -it behind a real terminal: argv is the command; prints how it ended."""
import sys
from terminal import Terminal

t = Terminal(sys.argv[1:])
t.sizes()
t.say(b"exit 7")
print("exit", t.end())
