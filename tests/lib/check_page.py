#!/usr/bin/python3
"""check_page.py FILE...: that a page of scan --format html is what it promises: well nested, of the elements that we
write, with nothing that loads, runs or points elsewhere but links that people follow, ids given once, links within the
page that lead somewhere, and a policy that names exactly its style and its script."""
import base64
import hashlib
import html.parser
import re
import sys

VOID = {"meta", "input"}
KNOWN = VOID | set("html head title style body header div svg circle path h1 h2 h3 ul ol li main p b span section i a rect "
                   "code form label article table thead tbody tr th td small footer script".split())


class Page(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.ids, self.links, self.wrong, self.texts = [], [], [], [], {"style": "", "script": ""}
        self.policy = None
        self.feed(text)
        self.close()
        if self.open:
            self.wrong.append(f"never closed: {self.open}")

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag not in KNOWN:
            self.wrong.append(f"<{tag}>")
        for name, value in attrs.items():
            if name.startswith("on") or name in ("style", "src", "srcset", "action", "formaction", "data"):
                self.wrong.append(f"{tag} {name}={value}")
        if tag == "a":
            self.links.append(attrs.get("href", ""))
        if "id" in attrs:
            self.ids.append(attrs["id"])
        if attrs.get("http-equiv") == "Content-Security-Policy":
            self.policy = attrs["content"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}>")

    def handle_data(self, data):
        if self.open and self.open[-1] in self.texts:
            self.texts[self.open[-1]] += data


def check(text):
    page = Page(text)
    wrong = page.wrong
    wrong += [f"id twice: {i}" for i in set(page.ids) if page.ids.count(i) > 1]
    for link in page.links:
        if link.startswith("#"):
            if link[1:] not in page.ids:
                wrong.append(f"leads nowhere: {link}")
        elif not re.fullmatch(r"https://[a-z.-]+/[A-Za-z0-9/._:-]*", link):
            wrong.append(f"link: {link}")
    for kind, content in page.texts.items():
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        if f"{kind}-src 'sha256-{digest}'" not in (page.policy or ""):
            wrong.append(f"the policy does not name the {kind}")
    if not (page.policy or "").startswith("default-src 'none'; base-uri 'none'; form-action 'none'"):
        wrong.append("policy")
    if re.search(r"@import|url\(|//", page.texts["style"]):
        wrong.append("the style loads something")
    return wrong


if __name__ == "__main__":
    found = [f"{path}: {w}" for path in sys.argv[1:] for w in check(open(path, encoding="utf-8").read())]
    print("\n".join(found))
    sys.exit(1 if found else 0)
