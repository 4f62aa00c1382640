/* SPDX-License-Identifier: BSD-2-Clause */
/* The frame of every page: plain HTML, one style sheet beside it, nothing that is fetched from elsewhere. */
#include "host/page.h"

#include <limits.h>
#include <string.h>
#include <errno.h>
#include <sys/stat.h>

#include "host/file.h"

static const char css[] =
	":root{color-scheme:light dark;--bg:#fdfdfb;--fg:#1b1b1b;--dim:#5a5a5a;--line:#d5d5d0;--mark:#f4f1e6;--warn:#8a4b00}\n"
	"@media (prefers-color-scheme:dark){:root{--bg:#16181b;--fg:#d8d8d8;--dim:#9a9a9a;--line:#3a3d42;--mark:#22252a;--warn:#ffb86b}}\n"
	"*{box-sizing:border-box}\n"
	"body{margin:0 auto;max-width:72rem;padding:1rem;background:var(--bg);color:var(--fg);font:16px/1.45 system-ui,sans-serif}\n"
	"h1{font-size:1.6rem;line-height:1.2}h2{margin-top:2.2rem;border-bottom:1px solid var(--line)}h3{margin-top:1.6rem}\n"
	"a{color:inherit}nav a{margin-right:.8em;white-space:nowrap}\n"
	".wide{overflow-x:auto;margin:.6rem 0}\n"
	"table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.9rem}\n"
	"th,td{padding:.25rem .6rem;border-bottom:1px solid var(--line);vertical-align:top;text-align:left}\n"
	"thead th{border-bottom:2px solid var(--line);background:var(--mark)}\n"
	"td.n{text-align:right;white-space:nowrap}\n"
	"th[scope=row]{font-weight:normal}th[scope=row] code{font-weight:bold;white-space:nowrap}\n"
	"small,.dim,figcaption{color:var(--dim);font-size:.82rem}small{display:block}\n"
	"p.label{padding:.5rem .8rem;background:var(--mark);border-left:4px solid var(--warn)}\n"
	"figure{margin:.8rem 0;overflow-x:auto}figure img{display:block;width:100%;min-width:36rem;height:auto}\n"
	".about td{overflow-wrap:anywhere}.about th{white-space:nowrap}\n"
	/* on a phone the figures come before the words: they are not to be looked for beyond the edge */
	"@media (max-width:40rem){body{padding:.6rem;font-size:15px}th,td{padding:.25rem .3rem}td.n{text-align:left}td.n small{white-space:normal}"
	"th[scope=row]{max-width:11rem}th[scope=row] code{white-space:normal;overflow-wrap:anywhere;font-size:.8rem}thead th{font-size:.8rem;overflow-wrap:break-word}}\n"
	"@media print{:root{--bg:#fff;--fg:#000;--dim:#333;--line:#999;--mark:#fff}body{max-width:none;padding:0;font-size:9pt}\n"
	"nav{display:none}.wide,figure{overflow:visible}figure img{min-width:0}tr,figure{break-inside:avoid}thead{display:table-header-group}}\n";

void html(FILE *f, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '<':
			fputs("&lt;", f);
			break;
		case '>':
			fputs("&gt;", f);
			break;
		case '&':
			fputs("&amp;", f);
			break;
		case '"':
			fputs("&quot;", f);
			break;
		default:
			putc(*text, f);
		}
	}
}

FILE *page_open(const char *dir, const char *file, const char *title)
{
	char path[PATH_MAX];
	FILE *f;

	snprintf(path, sizeof(path), "%s/style.css", dir);
	if (file_write(path, css, sizeof(css) - 1))
		return NULL;
	snprintf(path, sizeof(path), "%s/%s", dir, file);
	f = fopen(path, "we");
	if (!f)
		return NULL;
	fputs("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
	      /* a browser that is told of no icon asks for one */
	      "<link rel=\"icon\" href=\"data:,\">\n<link rel=\"stylesheet\" href=\"style.css\">\n<title>", f);
	html(f, title);
	fputs("</title></head><body>\n<h1>", f);
	html(f, title);
	fputs("</h1>\n", f);
	return f;
}

int page_close(FILE *f)
{
	fprintf(f, "<hr><p class=\"dim\">Made by trainwreck " TW_VERSION " from files of results. How the figures are made, and what is weak "
		   "about them: docs/method.md of its source.</p>\n</body></html>\n");
	return fclose(f);
}

void page_figure(FILE *f, const struct column *c, unsigned n, const char *name, const char *words)
{
	char title[256];

	fputs("<figure><img loading=\"lazy\" src=\"", f);
	html(f, name);
	fputs(".svg\" alt=\"", f);
	html(f, words);
	fputs("\"><figcaption>", f);
	html(f, words);
	for (unsigned i = 0; i < n; i++) {
		fprintf(f, " <br>%s, %s: ", c[i].name, c[i].label);
		html(f, site_title(&c[i], title, sizeof(title)));
	}
	fputs("</figcaption></figure>\n", f);
}

void page_column(FILE *f, const char *head, const struct column *c)
{
	char title[256];

	fprintf(f, "<th>%s%s, %s<small><a href=\"index.html#machine-%s\">", head, c->name, c->label, c->name);
	html(f, site_title(c, title, sizeof(title)));
	fputs("</a></small></th>", f);
}

void page_label(FILE *f, const char *label)
{
	fprintf(f, "<h2 id=\"%s\">%c%s</h2>\n", label, label[0] - 'a' + 'A', label + 1);
	if (!strcmp(label, "emulated"))
		fputs("<p class=\"label\"><strong>Emulated.</strong> These figures describe the emulator, no CPU. They are here to show the form, "
		      "and to compare emulators with themselves.</p>\n", f);
	if (!strcmp(label, "virtual"))
		fputs("<p class=\"label\"><strong>Virtual.</strong> A hypervisor stood between: some of these paths leave the guest.</p>\n", f);
}

const char *site_class_at(const struct site *s, unsigned i, char *buf)
{
	char last[32] = "";

	for (size_t k = 0; k < s->n_ids; k++) {
		int seen = 0;

		site_class(s->id[k], buf, 32);
		if (!strcmp(buf, last))
			continue;
		strcpy(last, buf);
		for (size_t j = 0; j < k && !seen; j++) {
			char other[32];

			site_class(s->id[j], other, sizeof(other));
			seen = !strcmp(other, buf);
		}
		if (!seen && !i--)
			return buf;
	}
	return NULL;
}

static int make_dir(const char *dir, char *err, size_t cap)
{
	if (!mkdir(dir, 0777) || errno == EEXIST)
		return 0;
	snprintf(err, cap, "%s: %s: name a folder that can be made", dir, strerror(errno));
	return -1;
}

int report_site(const struct site *s, const char *dir, char *err, size_t cap)
{
	char class_name[32];
	int bad;

	if (make_dir(dir, err, cap) || plots_make(s, dir, err, cap))
		return -1;
	bad = page_index(s, dir);
	for (unsigned i = 0; !bad && site_class_at(s, i, class_name); i++)
		bad = page_class(s, dir, class_name);
	if (bad)
		snprintf(err, cap, "%s: %s: name a folder that can be written", dir, strerror(errno));
	return bad;
}
