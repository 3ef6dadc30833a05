#!/usr/bin/env bats
# COPY --from: stages and images as sources.
load ../lib/common
load ../lib/compare

@test "COPY --from a stage by name and number, and an image" {
	same copy-from <<-'X'
	FROM base:1 AS First
	RUN mkdir -p /out/sub && echo 1 >/out/a && echo 2 >/out/sub/b && chown -R 3:4 /out && chmod 4711 /out/a && \
	    ln -s a /out/l && ln /out/a /out/hard && touch -d @1400000000 /out/a /out/sub /out
	FROM base:1
	COPY --from=first /out /all
	COPY --from=0 out/a /number
	COPY --from=First /out/sub/ /out/l /several/
	COPY --from=base:1 /etc/passwd /image
	COPY --from=0 --chown=9:9 /out /owned
	X
	same copy-from-relative <<-'X'
	FROM base:1 AS one
	WORKDIR /w
	RUN echo 1 >f
	FROM base:1
	WORKDIR /x
	COPY --from=one w/f ./
	COPY --from=one /etc/*s* etc/
	X
	same from-stage <<-'X'
	FROM base:1 AS one
	ENV A=1
	USER 5
	WORKDIR /w
	CMD ["x"]
	FROM one AS two
	LABEL a=$A
	FROM two
	RUN echo "$A" >/tmp/a
	X
}

@test "COPY --from: owners, modes, extended attributes, kinds" {
	same copy-from-metadata <<-'X'
	FROM base:1 AS one
	RUN mkdir -p -m 700 /o/in && chown 5:6 /o /o/in && echo 1 >/o/in/f && chown 7:8 /o/in/f && chmod 6711 /o/in/f
	RUN cp /bin/cat /o/cap && setcap cap_net_bind_service+ep /o/cap && mknod /o/fifo p && mkdir -m 1777 /o/tmp
	RUN mkdir /o/in/none && chmod 000 /o/in/none && touch -d @1400000000 /o/in/none /o/in
	FROM base:1
	COPY --from=one /o /new
	COPY --from=one /o/in /o/in
	COPY --from=one /o/in/f /file
	COPY --from=one --chown=9:9 /o/cap /cap
	COPY --from=one --chown=9:9 /o/in /owned
	X
	same copy-from-root <<-'X'
	FROM base:1 AS one
	RUN mkdir /only && echo 1 >/only/f && chmod 751 /
	FROM scratch
	COPY --from=one / /
	X
}
