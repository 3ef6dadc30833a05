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
	echo b.txt >ctx/.dockerignore
	refused ignore-copied <<-'X'
	FROM base:1
	COPY b.txt /x
	X
}
