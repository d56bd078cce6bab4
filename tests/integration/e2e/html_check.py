# SPDX-License-Identifier: Apache-2.0
"""Holds a page to what it promises: well-formed, nothing from elsewhere, no scripts, labels that lead somewhere."""

from html.parser import HTMLParser

VOID = {"meta", "link", "br", "hr", "img", "input", "path", "rect"}
PHRASING_PARENTS = {"p", "h1", "h2", "h3", "h4", "span", "small", "b", "a", "summary", "time", "code", "dt"}
BLOCKS = {"p", "div", "ul", "ol", "li", "table", "section", "header", "footer", "main", "nav", "dl", "pre", "details",
          "h1", "h2", "h3", "h4"}


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.problems = []
        self.stack = []
        self.ids = []
        self.refers = []
        self.links = []
        self.headings = []
        self.tags = []
        self.text = ""
        self.feed(text)
        self.close()
        if self.stack:
            self.problems.append(f"never closed: {self.stack}")
        self._check()

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if len(attributes) != len(attrs):
            self.problems.append(f"an attribute twice: {attrs}")
        if tag in BLOCKS and self.stack and self.stack[-1] in PHRASING_PARENTS:
            self.problems.append(f"<{tag}> in <{self.stack[-1]}>")
        if tag in ("script", "iframe", "object", "img", "form", "base"):
            self.problems.append(f"<{tag}>")
        for name, value in attributes.items():
            if name.startswith("on") or name in ("style", "src", "srcset", "action"):
                self.problems.append(f"{name} of <{tag}>")
            if name in ("href", "xlink:href"):
                self.links.append((tag, value))
            if name in ("aria-labelledby", "aria-describedby"):
                self.refers.append(value)
        if "id" in attributes:
            self.ids.append(attributes["id"])
        if tag in ("h1", "h2", "h3", "h4"):
            self.headings.append(int(tag[1]))
        if tag == "th" and "scope" not in attributes:
            self.problems.append("a th without scope")
        if tag == "svg" and attributes.get("role") == "img" and not attributes.get("aria-label"):
            self.problems.append("a picture without words")
        self.tags.append((tag, attributes))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.stack.pop()

    def handle_endtag(self, tag):
        if not self.stack or self.stack[-1] != tag:
            self.problems.append(f"</{tag}> within {self.stack[-3:]} at {self.getpos()}")
        else:
            self.stack.pop()

    def handle_data(self, data):
        if "style" not in self.stack:
            self.text += data

    def _check(self):
        if len(set(self.ids)) != len(self.ids):
            self.problems.append("an id twice")
        self.problems += [f"nobody is called {name}" for name in self.refers if name not in self.ids]
        for tag, href in self.links:
            if href.startswith("#"):
                if href[1:] not in self.ids:
                    self.problems.append(f"{href} leads nowhere")
            elif tag == "link" and href == "data:,":
                pass
            elif not href.startswith("/") or href.startswith("//"):
                self.problems.append(f"{href} leads elsewhere")
        if self.headings[:1] != [1] or self.headings.count(1) != 1:
            self.problems.append("not one h1 first")
        if any(after > before + 1 for before, after in zip(self.headings, self.headings[1:])):
            self.problems.append(f"a heading is left out: {self.headings}")
