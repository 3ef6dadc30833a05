#!/usr/bin/env bats
# RUN --mount, which only BuildKit has. Places to mount on are made beforehand, so that only one case shows what each
# leaves of them.
load ../lib/common
load ../lib/compare

BUILDERS=buildkit

@test "bind: context, stage, image, files, rw, and what a copy out of it is" {
	same mount-context <<-'X'
	FROM base:1
	WORKDIR /w
	RUN mkdir /in /w/rel && touch /file
	RUN --mount=target=/in --mount=type=bind,source=d,dst=rel --mount=src=a.txt,destination=/file,readonly \
		ls -R /in/d rel >/list; cat /file rel/f >/content; stat -c '%u:%g %a %F %n' /in/d /in/d/f /in/own /in/dlink >/owner; \
		echo x 2>/dev/null >rel/new || echo read-only >>/content
	RUN --mount=target=/in,rw echo new >/in/new; rm /in/a.txt; ls /in/new >/list2; [ -e /in/a.txt ] || echo gone >>/list2
	RUN --mount=target=/in cp -a /in/d /copied && cp /in/a.txt /copied.txt; cp -a /in/own /owned
	X
	same mount-stage <<-'X'
	FROM base:1 AS tools
	RUN mkdir -p /opt/t && echo tool >/opt/t/f && chown 5:6 /opt/t/f && chmod 640 /opt/t/f && mkdir /opt/link && ln -s /opt/t /opt/link/t
	FROM base:1
	RUN mkdir /t /i /n && touch /f
	RUN --mount=from=tools,source=/opt/t,target=/t --mount=from=tools,source=opt/t/f,target=/f \
		--mount=type=bind,from=base:1,target=/i --mount=from=tools,source=/opt/link/t,target=/n \
		stat -c '%u:%g %a %n' /t/f /f /n/f >/out; cat /t/f /f /n/f /i/etc/passwd >>/out
	RUN --mount=from=tools,target=/t,rw rm -r /t/bin; echo x >/t/opt/t/f; cat /t/opt/t/f >/out2; cp -a /t/opt/t /copied
	X
	printf 'b.txt\nd/sub\n' >ctx/.dockerignore
	same mount-ignored <<-'X'
	FROM base:1
	RUN mkdir /in
	RUN --mount=target=/in ls /in /in/d >/list
	X
	rm ctx/.dockerignore
}

@test "cache, tmpfs and secret: owners, modes, what they hold" {
	echo word >s.txt
	same mount-cache <<-'X'
	FROM base:1 AS seed
	RUN mkdir /seed && echo seeded >/seed/f
	FROM base:1
	RUN mkdir /c /d /e /f
	RUN --mount=type=cache,target=/c,id=compare-1 echo 1 >>/c/log; stat -c '%u:%g %a %n' /c >/out
	RUN --mount=type=cache,target=/d,id=compare-1,sharing=locked cat /d/log >>/out
	RUN --mount=type=cache,target=/e,id=compare-2,uid=7,gid=8,mode=0711 stat -c '%u:%g %a %n' /e >>/out
	RUN --mount=type=cache,target=/f,id=compare-3,from=seed,source=/seed cat /f/f >>/out; echo 2 >/f/g
	RUN --mount=type=cache,target=/f,id=compare-3,from=seed,source=/seed,ro ls /f >>/out; touch /f/h 2>/dev/null || echo ro >>/out
	X
	same mount-tmpfs <<-'X'
	FROM base:1
	RUN mkdir /t && echo below >/t/f
	RUN --mount=type=tmpfs,target=/t ls /t >/out; stat -f -c %T /t >>/out; stat -c '%u:%g %a' /t >>/out; echo x >/t/x
	RUN chmod 2750 /t && chown 5:6 /t
	RUN --mount=type=tmpfs,target=/t --mount=type=tmpfs,target=/fresh stat -c '%u:%g %a' /t /fresh >/out2
	X
	need_cmd ssh-agent
	eval "$(ssh-agent -a "$PWD/agent" 3>&-)" >agent.log
	same mount-ssh --ssh default --ssh other="$PWD/agent" <<-'X'
	FROM base:1
	RUN mkdir -p /run/buildkit && touch /run/buildkit/ssh_agent.0 /run/buildkit/ssh_agent.1 /s
	RUN --mount=type=ssh --mount=type=ssh,id=other,target=/s,mode=0666,uid=5,gid=6 \
		echo "$SSH_AUTH_SOCK" >/out; stat -c '%u:%g %a %F %n' "$SSH_AUTH_SOCK" /s >>/out
	RUN --mount=type=ssh,id=none echo "${SSH_AUTH_SOCK-unset}" >/out2
	X
	kill "$SSH_AGENT_PID"
	same mount-secret --secret id=a,src=s.txt <<-'X'
	FROM base:1
	RUN mkdir -p /run/secrets /x && touch /run/secrets/a /x/a
	RUN --mount=type=secret,id=a --mount=type=secret,id=a,target=/x/a,uid=5,gid=6,mode=0440 \
		stat -c '%u:%g %a %s' /run/secrets/a /x/a >/out; cat /x/a >>/out
	RUN --mount=type=secret,id=none [ ! -e /run/secrets/none ] && echo none >/out2
	X
}

@test "mounts that both refuse, and what is left of the place" {
	refused mount-no-target <<-'X'
	FROM base:1
	RUN --mount=type=bind true
	X
	refused mount-no-type <<-'X'
	FROM base:1
	RUN --mount=type=none,target=/x true
	X
	refused mount-no-source <<-'X'
	FROM base:1
	RUN --mount=source=not-there,target=/x true
	X
	refused mount-no-secret <<-'X'
	FROM base:1
	RUN --mount=type=secret,id=none,required true
	X
	refused mount-root <<-'X'
	FROM base:1
	RUN --mount=type=tmpfs,target=/ true
	X
	same mount-left <<-'X'
	FROM base:1
	RUN --mount=target=/made/in --mount=type=cache,target=/made/cache --mount=source=a.txt,target=/made/file touch /done
	X
}
