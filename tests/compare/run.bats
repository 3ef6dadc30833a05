#!/usr/bin/env bats
# RUN: what it leaves, and what it may not do.
load ../lib/common
load ../lib/compare

@test "RUN: what it deletes and replaces" {
	same run-deletes <<-'X'
	FROM base:1
	RUN mkdir -p /x/y/z && echo 1 >/x/f && echo 2 >/x/y/g && echo 3 >/x/y/z/h && touch -d @1400000000 /x/f
	RUN rm /x/f && rm -r /x/y/z
	RUN rm -r /x && echo file >/x
	RUN rm /x && mkdir /x && echo new >/x/n
	RUN rm -r /x && mkdir /x
	X
	same run-opaque <<-'X'
	FROM base:1
	RUN mkdir -p /x/sub && echo 1 >/x/a && echo 2 >/x/sub/b
	RUN rm -r /x && mkdir /x && echo 3 >/x/c && mkdir /x/sub
	COPY a.txt /x/sub/
	RUN rm -r /var && mkdir /var && echo 4 >/var/d
	X
	refused run-etc <<-'X'
	FROM base:1
	RUN rm -r /etc
	X
	same run-kinds <<-'X'
	FROM base:1
	RUN mkdir /k && echo 1 >/k/f && ln /k/f /k/hard && ln -s f /k/l && ln -s /nowhere /k/d && chmod 6755 /k/f && chown -h 7:8 /k/d /k/l
	RUN ln /k/f /k/later
	RUN chmod 1777 /k && chown 9:9 /etc
	RUN mv /k /moved
	RUN cp /bin/cat /cap && setcap cap_net_bind_service+ep /cap
	RUN :
	X
	same run-nothing <<-'X'
	FROM base:1
	RUN true
	RUN touch /x && rm /x
	X
	same run-env --build-arg ARG_SEEN=1 --build-arg HTTP_PROXY=http://127.0.0.1:1 <<-'X'
	FROM base:1
	ARG ARG_SEEN
	ENV B=2
	WORKDIR /w
	RUN env >/env0; sh -c 'unset HOSTNAME OLDPWD SHLVL; env' >/env
	RUN rm /env0
	X
	refused run-fails <<-'X'
	FROM base:1
	RUN exit 3
	X
	refused run-missing <<-'X'
	FROM base:1
	RUN ["/nothing"]
	X
}

@test "RUN: what the machinery of a step may leave" {
	same left-by-run <<-'X'
	FROM base:1
	RUN ls -la /etc /dev /proc/self/fd >/dev/null
	RUN rm -rf /etc/resolv.conf /tmp/x; touch /tmp/y && mkdir -p /dev/shm /run/lock && echo 1 >/dev/shm/x
	RUN rm -r /var /sys/x 2>/dev/null || true
	X
	same umask-and-limits <<-'X'
	FROM base:1
	RUN umask >/umask && pwd >/pwd && echo $$ >/pid && ls /proc/self/fd >/fds
	RUN cat >/stdin
	X
	same special-bits <<-'X'
	FROM base:1
	RUN cp /bin/cat /s && chmod 4755 /s && cp /s /t && chown 5:5 /t && mkdir -m 3777 /sticky
	USER 5
	WORKDIR /tmp
	RUN touch mine && chmod 2755 mine || true
	X
}

@test "what a RUN may not do" {
	same run-device <<-'X'
	FROM base:1
	RUN mknod /device c 1 3 || touch /refused
	X
	same run-rights <<-'X'
	FROM base:1
	RUN cat /proc/self/status >/status; while read -r k v; do case $k in CapBnd:|NoNewPrivs:) echo "$k$v";; esac; done </status >/rights; rm /status
	X
}
