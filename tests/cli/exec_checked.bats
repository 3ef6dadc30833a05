# What `exec` says before anything runs: a folder that is not there, a program that nobody would hear of.

load ../lib/common
load ../lib/containers
bats_require_minimum_version 1.5.0

setup_file() {
	base_root touch stat || return 0
	base_state
}
setup() {
	containers_setup
}
teardown() { containers_teardown; }

checked() {
	plimsoll run -d --name one --network none base:1 sleep 1000
	run plimsoll exec -w /nosuch one id
	assert_status 126
	assert_eq "$output" "plimsoll: exec: --workdir '/nosuch' is not a folder of the container"
	run plimsoll exec -d -w /nosuch one id
	assert_status 126
	run plimsoll exec -w /etc/passwd one id
	assert_status 126

	run -127 plimsoll exec -d one nosuch
	assert_status 127
	assert_output_has "execute nosuch: No such file"
	run plimsoll exec -d one /etc
	assert_status 126
	run -127 plimsoll exec -d -e PATH=/tmp one touch /tmp/not
	assert_status 127

	plimsoll exec -d -w /bin one ./touch /tmp/here
	wait_for 5 plimsoll exec one ls /tmp/here
	run plimsoll exec -w /tmp one ls
	assert_status 0
	assert_eq "$output" here
}

@test "exec refuses a working folder that is not there, once, and in the background a program that is not" {
	each_runtime checked
}

@test "restart takes --timeout, as stop does" {
	plimsoll run -d --name one --network none base:1 sleep 1000
	run plimsoll restart --timeout 1 one
	assert_status 0
}

terminal_of() { # user
	timeout 60 python3 -c 'import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
	os.execvp(sys.argv[1], sys.argv[1:])
said = b""
while True:
	try:
		part = os.read(fd, 4096)
	except OSError:
		break
	if not part:
		break
	said += part
os.waitpid(pid, 0)
sys.stdout.write(said.decode().replace("\r", ""))' "$PLIMSOLL" --state "$STATE" exec -it -u "$1" one \
		sh -c 'sleep 1; stat -L -c %u:%g /proc/self/fd/0; echo said > /dev/pts/0'
}

terminal_is_the_users() {
	plimsoll run -d --name one --network none base:1 sleep 1000
	assert_eq "$(terminal_of 1000:100)" $'1000:5\nsaid'
	assert_eq "$(terminal_of 0)" $'0:5\nsaid'
}

@test "the terminal of exec is its user's, who may open it by its name" {
	need_cmd python3
	each_runtime terminal_is_the_users
}
