/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/template.h"
#include "tap.h"

TAP_MAIN()

struct command;
extern const struct command *const commands[];
const struct command *const commands[] = { NULL };

static const char *const document =
	"{\"Id\":\"0123456789\",\"State\":{\"Status\":\"running\",\"Running\":true,\"Pid\":12,"
	"\"Dead\":false},\"Config\":{\"Env\":[\"A=1\",\"B=2\"],\"Labels\":{\"b.c\":\"x\",\"a\":"
	"\"y\"},\"Cmd\":null,\"None\":[]},\"Ports\":{\"80/tcp\":[{\"HostPort\":\"8080\"}],\"81/"
	"tcp\":[]},\"Memory\":1024,\"x-y\":\"dash\",\"Label\":{\"b.c\":\"x\"},\"Labels\":\"b.c="
	"x\"}";

static int print(const char *text, struct buf *ret, struct err *e)
{
	json_t *j = NULL;
	int r = json_parse(document, strlen(document), "document", &j, e);

	if (r == 0)
		r = template_print(text, j, ret, e);
	json_decref(j);
	return r;
}

static void is(const char *text, const char *want)
{
	auto_buf b = BUF_INIT(65536);
	struct err e = ERR_INIT;
	int r = print(text, &b, &e);

	CHECK(r == 0);
	CHECK_STR(r == 0 ? buf_str(&b) : e.msg, want);
}

static void is_refused(const char *text)
{
	auto_buf b = BUF_INIT(65536);
	int r = print(text, &b, NULL);

	CHECK(r == E_USAGE);
	if (r != E_USAGE)
		printf("# %s: %s\n", text, buf_str(&b));
}

TEST(fields)
{
	is("{{.State.Status}}", "running");
	is("{{ .State.Running }} {{.State.Pid}}", "true 12");
	is("{{.Nosuch}} {{.State.Nosuch.Deeper}}", "<no value> <no value>");
	is("{{.x-y}}", "dash");
	is("a\\tb\\n", "a\tb\n");
	is("{{$.Id}}", "0123456789");
	is("{{(index .Config.Env 1)}}", "B=2");
}

TEST(values_as_go_prints_them)
{
	is("{{.Config.Env}}", "[A=1 B=2]");
	is("{{.Config.Labels}}", "map[a:y b.c:x]");
	is("{{.Config.Cmd}}", "<no value>");
	is("{{.Config.None}}", "[]");
}

TEST(json)
{
	is("{{json .Config.Labels}}", "{\"a\":\"y\",\"b.c\":\"x\"}");
	is("{{json .Nosuch}} {{json .Config.Cmd}} {{.Id | json}}", "null null \"0123456789\"");
	is("{{len (json .)}}", "263");
	is("{{.Label \"b.c\"}}{{.Label \"nosuch\"}}", "x");
}

TEST(index)
{
	is("{{index .Config.Labels \"b.c\"}}", "x");
	is("[{{index .Config.Labels \"nosuch\"}}]", "[]");
	is("{{(index (index .Ports \"80/tcp\") 0).HostPort}}", "8080");
	is("{{index .Ports \"80/tcp\" 0 \"HostPort\"}}", "8080");
	is_refused("{{index .Config.Env 2}}");
	is_refused("{{index .Config.Labels a.b}}");
	is_refused("{{index .Id 0}}");
}

TEST(functions)
{
	is("{{len .Config.Env}} {{len .Id}} {{.Config.Labels | len}}", "2 10 2");
	is("{{join .Config.Env \", \"}}", "A=1, B=2");
	is("{{join .Config.Cmd \",\"}}", "");
	is("{{index (split .Id \"4\") 1}}", "56789");
	is("{{upper .State.Status}} {{.State.Status | title}}", "RUNNING Running");
	is("{{truncate .Id 4}}", "0123");
	is("{{printf \"%s|%5d|%-4v|%.3s|%%\" .Id .State.Pid .State.Pid .Id}}",
	   "0123456789|   12|12  |012|%");
	is("{{printf \"%q\" .Id}}", "\"0123456789\"");
	is("{{print 1 2 \"a\" \"b\"}} {{println 1 \"a\"}}", "1 2a"
							    "b 1 a\n");
	is("{{print \"}}\" `{{`}}", "}}{{");
}

TEST(comparisons)
{
	is("{{eq .State.Status \"running\"}} {{ne .State.Pid 12}}", "true false");
	is("{{eq .State.Status \"a\" \"running\"}}", "true");
	is("{{lt 1 .State.Pid}} {{ge 12 .State.Pid}} {{gt \"b\" \"a\"}}", "true true true");
	is("{{and .State.Running .Id}} {{or .State.Dead \"x\"}} {{not .State.Dead}}",
	   "0123456789 x true");
	is_refused("{{lt 1 \"a\"}}");
}

TEST(if_and_with)
{
	is("{{if .State.Running}}up{{else}}down{{end}}", "up");
	is("{{if .State.Dead}}a{{else if eq .State.Pid 12}}b{{else}}c{{end}}", "b");
	is("{{if .Config.Cmd}}a{{end}}.", ".");
	is("{{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}}", "none");
	is("{{with .State}}{{.Pid}}{{$.Id}}{{end}}{{with .Nosuch}}a{{else}}{{.Id}}{{end}}",
	   "120123456789"
	   "0123456789");
	is("{{if .State.Dead}}{{if true}}a{{else}}b{{end}}{{.Nonsense 1}}{{end}}c", "c");
}

TEST(range)
{
	is("{{range .Config.Env}}{{.}};{{end}}", "A=1;B=2;");
	is("{{range $i, $v := .Config.Env}}{{$i}}={{$v}} {{end}}", "0=A=1 1=B=2 ");
	is("{{range $p, $b := .Ports}}{{$p}}->{{range $b}}{{.HostPort}}{{else}}none{{end}} {{end}}",
	   "80/tcp->8080 81/tcp->none ");
	is("{{range .Config.None}}a{{else}}empty{{end}}", "empty");
	is("{{range .Nosuch}}a{{end}}.", ".");
	is("{{range $v := .Config.Env}}{{println $v}}{{end}}", "A=1\nB=2\n");
	is_refused("{{range .}}");
	is_refused("{{range .Id}}{{end}}");
}

TEST(variables)
{
	is("{{$x := .Id}}{{$x}}", "0123456789");
	is("{{$n := 1}}{{range .Config.Env}}{{$n = .}}{{end}}{{$n}}", "B=2");
	is("{{with $s := .State}}{{$s.Pid}}{{end}}", "12");
	is_refused("{{$nosuch}}");
	is_refused("{{range .Config.Env}}{{$y := .}}{{end}}{{$y}}");
}

TEST(blanks_are_trimmed)
{
	is("a {{- \" b \" -}} \n c", "a b c");
	is("{{range .Config.Env}}\n  {{- .}}\n{{- end}}", "A=1B=2");
	is("a{{/* nothing */}}b", "ab");
}

TEST(what_is_not_known_is_refused)
{
	is_refused("{{nosuch .Id}}");
	is_refused("{{.Id");
	is_refused("{{}}");
	is_refused("{{.Id}}{{end}}");
	is_refused("{{if .Id}}");
	is_refused("{{.Id .Id}}");
	is_refused("{{.Id | }}");
	is_refused("{{template \"x\"}}");
	is_refused("{{printf \"%999999d\" 1}}");
	is_refused("{{(((((((((((((((((((((((((((((((((1)))))))))))))))))))))))))))))))))}}");
}

TEST(work_is_bounded)
{
	auto_buf deep = BUF_INIT(65536);

	for (int i = 0; i < 40; i++)
		buf_puts(&deep, "{{range $.Config.Env}}");
	for (int i = 0; i < 40; i++)
		buf_puts(&deep, "{{end}}");
	is_refused(buf_str(&deep));
	buf_reset(&deep);
	for (int i = 0; i < 30; i++)
		buf_puts(&deep, "{{range $.Config.Env}}");
	for (int i = 0; i < 30; i++)
		buf_puts(&deep, "{{end}}");
	is_refused(buf_str(&deep));
}
