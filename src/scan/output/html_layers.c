/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "scan/output/html.h"

/* The picture: layer by layer, in the order of the Dockerfile, a square for each vulnerability. */
enum {
	FEW = 240, /* squares that stand in short rows, which a phone shows large enough to touch */
	SHORT_ROW = 20,
	LONG_ROW = 60,
	CELL = 16, /* with the gap */
	SIDE = 12,
	LIMIT_SQUARES = 20 * 1000, /* of one layer */
};

const char *html_class(enum severity s)
{
	static const char *const classes[SEVERITIES] = { "s0", "s1", "s2", "s3", "s4" };

	return classes[s];
}

void html_instruction(struct buf *b, const char *text)
{
	auto_buf shown = BUF_INIT(SIZE_MAX);

	instruction_text(text, &shown);
	xml_put(b, buf_str(&shown));
}

static bool in_layer(const struct finding_group *g, const char *digest)
{
	return strcmp(g->layer, digest) == 0;
}

static size_t count(const struct finding_groups *groups, const char *digest)
{
	size_t n = 0;

	for (size_t i = 0; i < groups->n; i++)
		n += in_layer(&groups->v[i], digest) ? groups->v[i].n : 0;
	return n;
}

static void put_square(struct buf *b, const struct finding *f, size_t group, size_t row, size_t x,
		       size_t y)
{
	buf_printf(b,
		   "<a href=\"#f%zu-%zu\"><rect class=\"%s%s\" x=\"%zu\" y=\"%zu\" width=\"%d\" "
		   "height=\"%d\" rx=\"2\"><title>",
		   group, row, html_class(f->severity), f->exploited ? " hot" : "", x * CELL + 2,
		   y * CELL + 2, SIDE, SIDE);
	xml_put(b, f->advisory);
	buf_printf(b, " (%s) in ", severity_name(f->severity));
	xml_put(b, member(f->package, "name"));
	buf_puts(b, "</title></rect></a>");
}

/* The gravest first, so that a row of the picture goes from dark to light. */
static void put_squares(struct buf *b, const struct finding_groups *groups, const char *digest,
			size_t n)
{
	const size_t columns = n <= FEW ? SHORT_ROW : LONG_ROW;
	size_t rows = ((n < LIMIT_SQUARES ? n : LIMIT_SQUARES) + columns - 1) / columns, at = 0;

	buf_printf(b,
		   "<svg width=\"%zu\" height=\"%zu\" viewBox=\"0 0 %zu %zu\" role=\"img\" "
		   "aria-label=\"%zu findings\">",
		   columns * CELL, rows * CELL, columns * CELL, rows * CELL, n);
	for (int s = SEVERITIES - 1; s >= 0; s--)
		for (size_t i = 0; i < groups->n; i++) {
			const struct finding_group *g = &groups->v[i];

			for (size_t j = 0; in_layer(g, digest) && j < g->n; j++)
				if ((int)g->v[j]->severity == s && at < LIMIT_SQUARES) {
					put_square(b, g->v[j], i, j, at % columns, at / columns);
					at++;
				}
		}
	buf_puts(b, "</svg>");
}

static void put_layer(struct buf *b, const struct finding_groups *groups, const char *digest,
		      const char *instruction)
{
	size_t n = count(groups, digest);

	buf_printf(b, "<li%s><code>", n ? "" : " class=\"quiet\"");
	if (*instruction)
		html_instruction(b, instruction);
	else if (*digest)
		buf_printf(b, "layer "), xml_put(b, digest);
	else
		buf_puts(b, "the system as a whole");
	if (n)
		buf_printf(b, "</code><span class=\"n\">%zu</span>", n);
	else
		buf_puts(b, "</code><span class=\"n\">none</span>");
	if (n)
		put_squares(b, groups, digest, n);
	buf_puts(b, "</li>\n");
}

static void put_key(struct buf *b)
{
	buf_puts(b, "<ul class=\"key\">");
	for (int s = SEVERITIES - 1; s >= 0; s--)
		buf_printf(b, "<li class=\"%s\"><i></i>%s</li>", html_class((enum severity)s),
			   severity_name((enum severity)s));
	buf_puts(b, "<li class=\"hot\"><i></i>known to be exploited</li></ul>\n");
}

void html_layers(struct buf *b, const struct report *r, const struct finding_groups *groups)
{
	const json_t *layers = json_object_get(r->list, "layers");
	auto_json *seen = json_object();
	json_t *layer;
	size_t i;

	buf_puts(b, "<section>\n<h2>Where it comes from</h2>\n<p>The image's layers from the base "
		    "up. A square is one vulnerability of one package.</p>\n<ol "
		    "class=\"layers\">\n");
	json_array_foreach(layers, i, layer)
	{
		const char *digest = member(layer, "digest");

		/* The same layer twice has its findings once. */
		if (json_object_get(seen, digest))
			continue;
		(void)json_object_set_new(seen, digest, json_true());
		put_layer(b, groups, digest, member(layer, "instruction"));
	}
	if (count(groups, ""))
		put_layer(b, groups, "", "");
	buf_puts(b, "</ol>\n");
	put_key(b);
	buf_puts(b, "</section>\n");
}
