#!/usr/bin/env bats
# ONBUILD.
load ../lib/common
load ../lib/compare

@test "ONBUILD" {
	same onbuild <<-'X'
	FROM base:1
	ONBUILD RUN echo "later" >/onbuild
	ONBUILD COPY a.txt /copied
	onbuild   env A=1
	ONBUILD CMD ["x"]
	X
	# What that left behind, in an image that is built from it.
	plimsoll sign onbuild:1 >sign.log 2>&1 || echo "sign: $(cat sign.log)" >>differences
	same onbuild-used <<-'X'
	FROM onbuild:1
	LABEL after=1
	X
	refused onbuild-from <<-'X'
	FROM base:1
	ONBUILD FROM base:1
	X
	refused onbuild-onbuild <<-'X'
	FROM base:1
	ONBUILD ONBUILD RUN x
	X
}
