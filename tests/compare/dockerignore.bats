#!/usr/bin/env bats
# .dockerignore.
load ../lib/common
load ../lib/compare

@test ".dockerignore" {
	printf '%s\n' '# comment' '*.txt' '!a.txt' 'd/sub' '' '  e  ' '/own' 'hard/' >ctx/.dockerignore
	same ignore-1 <<-'X'
	FROM base:1
	COPY . /c/
	X
	printf '%s\n' '**/*.txt' '**/f' '!d/f' 'Dockerfile' '.dockerignore' '*/empty' 'a.tar.?z' >ctx/.dockerignore
	same ignore-2 <<-'X'
	FROM base:1
	COPY . /c/
	X
	printf '%s\n' '*' '!d/sub' 'd/sub/deep' '!e/**' >ctx/.dockerignore
	same ignore-3 <<-'X'
	FROM base:1
	COPY . /c/
	X
	printf '%s\n' '**' '!**/h.txt' '![ab].txt' >ctx/.dockerignore
	same ignore-4 <<-'X'
	FROM base:1
	COPY . /c/
	X
	printf '%s\n' './d' 'e/../own' 'a.t*' '\!x' >ctx/.dockerignore
	echo x >'ctx/!x'
	touch -d @1500000000 'ctx/!x'
	same ignore-5 <<-'X'
	FROM base:1
	COPY . /c/
	X
	printf '\xef\xbb\xbfd/sub\r\n  *.txt  \r\n#!a.txt\r\n!b.txt\r\n' >ctx/.dockerignore
	same ignore-6 <<-'X'
	FROM base:1
	COPY . /c/
	X
	printf '%s\n' '**/sub/**' '!**/g' 'a.t[^x]*' '**/[fh]*' 'with space' 'setgid/.' '//e//' >ctx/.dockerignore
	same ignore-7 <<-'X'
	FROM base:1
	COPY . /c/
	X
	printf '%s\n' '.' >ctx/.dockerignore
	same ignore-8 <<-'X'
	FROM base:1
	COPY . /c/
	X
	printf '%s\n' '*' '!a.txt' '!d/*/g' '!Dockerfile' >ctx/.dockerignore
	same ignore-9 <<-'X'
	FROM base:1
	COPY . /c/
	COPY d /d
	COPY *.txt /texts/
	X
	printf '%s\n' '[' >ctx/.dockerignore
	refused ignore-malformed <<-'X'
	FROM base:1
	COPY . /c/
	X
	printf '%s\n' '!' >ctx/.dockerignore
	refused ignore-bare <<-'X'
	FROM base:1
	COPY . /c/
	X
	echo b.txt >ctx/.dockerignore
	refused ignore-copied <<-'X'
	FROM base:1
	COPY b.txt /x
	X
}
