/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/catalog/go.h"

/* The headers of programs as far as they say what is where: ELF (elf(5)), PE (Microsoft's "PE
 * Format"), Mach-O (mach-o/loader.h). What does not fit into the bytes at hand is not there. */

struct view {
	const unsigned char *p;
	size_t n;
	bool big;
};

static uint64_t load(const struct view *v, uint64_t at, unsigned size)
{
	uint64_t x = 0;

	if (at > v->n || size > v->n - at)
		return 0;
	for (unsigned i = 0; i < size; i++)
		x |= (uint64_t)v->p[at + i] << 8 * (v->big ? size - 1 - i : i);
	return x;
}

static bool has(const struct view *v, uint64_t at, uint64_t size)
{
	return at <= v->n && size <= v->n - at;
}

static void add_range(struct go_headers *h, uint64_t offset, uint64_t size, uint64_t address,
		      bool writable)
{
	uint64_t end;

	if (!size || __builtin_add_overflow(offset, size, &end) || end > INT64_MAX ||
	    h->ranges_n == LIMIT_GO_RANGES)
		return;
	h->ranges[h->ranges_n++] = (struct go_range){ offset, size, address, writable };
	h->end = end > h->end ? end : h->end;
}

bool go_offset(const struct go_headers *h, uint64_t address, uint64_t *ret)
{
	for (size_t i = 0; i < h->ranges_n; i++) {
		const struct go_range *r = &h->ranges[i];

		if (address >= r->address && address - r->address < r->size) {
			*ret = r->offset + (address - r->address);
			return true;
		}
	}
	return false;
}

/* --- ELF --- */

enum { ET_PROGRAM = 2, ET_SHARED = 3, PT_LOAD = 1, PT_NOTE = 4, PF_W = 2, NOTE_GO_BUILD_ID = 4 };

static bool has_go_note(const struct view *v, uint64_t at, uint64_t size)
{
	if (!has(v, at, size))
		size = at < v->n ? v->n - at : 0;
	while (size >= 12) {
		uint64_t name = load(v, at, 4), text = load(v, at + 4, 4);
		uint64_t all = 12 + (name + 3) / 4 * 4 + (text + 3) / 4 * 4;

		if (name == 4 && load(v, at + 8, 4) == NOTE_GO_BUILD_ID && has(v, at + 12, 4) &&
		    memcmp(v->p + at + 12, "Go\0\0", 4) == 0)
			return true;
		if (all > size)
			return false;
		at += all;
		size -= all;
	}
	return false;
}

static void read_segment(const struct view *v, uint64_t at, bool wide, struct go_headers *h)
{
	uint64_t type = load(v, at, 4), flags = load(v, at + (wide ? 4 : 24), 4);
	unsigned word = wide ? 8 : 4;
	uint64_t offset = load(v, at + (wide ? 8 : 4), word);
	uint64_t address = load(v, at + (wide ? 16 : 8), word);
	uint64_t size = load(v, at + (wide ? 32 : 16), word);

	if (type == PT_LOAD)
		add_range(h, offset, size, address, flags & PF_W);
	else if (type == PT_NOTE && has_go_note(v, offset, size))
		h->surely_go = true;
}

static void read_elf(struct view v, struct go_headers *h)
{
	bool wide = v.p[4] == 2;
	uint64_t table, type, size, count;

	v.big = v.p[5] == 2;
	type = load(&v, 16, 2);
	table = load(&v, wide ? 32 : 28, wide ? 8 : 4);
	size = load(&v, wide ? 54 : 42, 2);
	count = load(&v, wide ? 56 : 44, 2);
	h->program = type == ET_PROGRAM || type == ET_SHARED;
	for (uint64_t i = 0; h->program && size >= (wide ? 56 : 32) && i < count; i++)
		if (has(&v, table, (i + 1) * size))
			read_segment(&v, table + i * size, wide, h);
}

/* --- PE --- */

static void read_pe(struct view v, struct go_headers *h)
{
	uint64_t at = load(&v, 0x3c, 4), options = at + 24, sections, count, base;
	bool wide;

	if (!has(&v, at, 26) || memcmp(v.p + at, "PE\0\0", 4) != 0)
		return;
	h->program = true;
	count = load(&v, at + 6, 2);
	sections = options + load(&v, at + 20, 2);
	wide = load(&v, options, 2) == 0x20b;
	base = load(&v, options + (wide ? 24 : 28), wide ? 8 : 4);
	for (uint64_t i = 0; i < count && has(&v, sections, (i + 1) * 40); i++) {
		uint64_t s = sections + i * 40;

		add_range(h, load(&v, s + 20, 4), load(&v, s + 16, 4), base + load(&v, s + 12, 4),
			  load(&v, s + 36, 4) & 0x80000000);
	}
}

/* --- Mach-O --- */

enum {
	MH_EXECUTE = 2,
	MH_DYLIB = 6,
	MH_BUNDLE = 8,
	LC_SEGMENT = 1,
	LC_SEGMENT_64 = 0x19,
	VM_W = 2
};

static void read_macho(struct view v, struct go_headers *h)
{
	bool wide;
	uint64_t type, count, at;

	v.big = v.p[0] == 0xfe;
	wide = load(&v, 0, 4) == 0xfeedfacf;
	type = load(&v, 12, 4);
	count = load(&v, 16, 4);
	at = wide ? 32 : 28;
	h->program = type == MH_EXECUTE || type == MH_DYLIB || type == MH_BUNDLE;
	for (uint64_t i = 0; h->program && i < count && has(&v, at, 8); i++) {
		uint64_t command = load(&v, at, 4), size = load(&v, at + 4, 4);

		if (size < 8 || !has(&v, at, size))
			return;
		if (command == LC_SEGMENT_64)
			add_range(h, load(&v, at + 40, 8), load(&v, at + 48, 8),
				  load(&v, at + 24, 8), load(&v, at + 60, 4) & VM_W);
		else if (command == LC_SEGMENT)
			add_range(h, load(&v, at + 32, 4), load(&v, at + 36, 4),
				  load(&v, at + 24, 4), load(&v, at + 44, 4) & VM_W);
		at += size;
	}
}

/* Several programs in one: where they begin is past the bytes at hand, so nothing is known but that
 * it is one. Java's classes begin alike, with a version of 45 or more in the count's place. */
static bool is_fat_macho(const struct view *v)
{
	struct view big = { v->p, v->n, true };
	uint64_t count = load(&big, 4, 4);

	return load(&big, 0, 4) == 0xcafebabe && count > 0 && count < 20;
}

static bool is_macho(const unsigned char *p)
{
	return memcmp(p, "\xfe\xed\xfa\xce", 4) == 0 || memcmp(p, "\xfe\xed\xfa\xcf", 4) == 0 ||
	       memcmp(p, "\xce\xfa\xed\xfe", 4) == 0 || memcmp(p, "\xcf\xfa\xed\xfe", 4) == 0;
}

static bool is_elf(const unsigned char *p)
{
	return memcmp(p,
		      "\x7f"
		      "ELF",
		      4) == 0;
}

bool go_may_be_program(const unsigned char start[static GO_MAGIC])
{
	const struct view v = { start, GO_MAGIC, false };

	return is_elf(start) || (start[0] == 'M' && start[1] == 'Z') || is_macho(start) ||
	       is_fat_macho(&v);
}

/* Where there are no notes, Go writes the build ID at the start of the code. */
static bool has_build_id(const struct view *v)
{
	static const char mark[] = "\xff Go build ID: \"";

	return memmem(v->p, v->n, mark, sizeof(mark) - 1);
}

void go_headers_read(struct str start, struct go_headers *ret)
{
	struct view v = { (const unsigned char *)start.p, start.n, false };

	*ret = (struct go_headers){ 0 };
	if (v.n < 64)
		return;
	if (is_elf(v.p)) {
		read_elf(v, ret);
		return;
	}
	if (v.p[0] == 'M' && v.p[1] == 'Z')
		read_pe(v, ret);
	else if (is_macho(v.p))
		read_macho(v, ret);
	else
		ret->program = is_fat_macho(&v);
	ret->surely_go = ret->program && has_build_id(&v);
}
