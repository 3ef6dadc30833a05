/* SPDX-License-Identifier: Apache-2.0 */
/* Commands of images under docker's second names. */
#include "cli/image/image_usage.h"

extern const struct command cmd_build, cmd_history, cmd_image_exists, cmd_image_list, cmd_image_ls,
	cmd_image_rm, cmd_import, cmd_save, cmd_inspect, cmd_pull, cmd_push, cmd_tag, cmd_untag;

static const struct command *const image_subs[] = {
	&cmd_image_ls, &cmd_image_list,	  &cmd_build,		&cmd_inspect, &cmd_history,
	&cmd_import,   &cmd_tag,	  &cmd_untag,		&cmd_push,    &cmd_pull,
	&cmd_image_rm, &cmd_image_exists, &image_prune_command, &cmd_save,    NULL,
};

const struct command cmd_image = {
	.name = "image",
	.group = "Images",
	.args = "",
	.brief = "The commands of images, under docker's second names",
	.example = "plimsoll image ls\nplimsoll image rm web:1",
	.subs = image_subs,
};
