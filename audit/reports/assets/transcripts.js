// The transcript browser. Every text of a model reaches the page through textContent, never as HTML.
(() => {
  const form = document.getElementById("filters");
  if (!form) return;
  const data = JSON.parse(document.getElementById("answers").textContent);
  const fields = ["suite", "probe", "route", "lang", "label", "cluster", "variant", "template"];
  const place = Object.fromEntries(fields.map((name, index) => [name, index]));
  const [PROMPT, RESPONSE, PROBABILITIES, CUT_PROMPT, CUT_RESPONSE] = [8, 9, 10, 11, 12];
  Object.assign(place, { images: 13, shown: 14, skin: 15 });
  const size = 10;
  const list = document.getElementById("entries");
  const range = document.getElementById("range");
  const previous = document.getElementById("previous");
  const next = document.getElementById("next");
  let found = [];
  let start = 0;

  const nameOf = (field, value) => {
    const names = data.names[field] && data.names[field][value];
    return names ? names[page.lang === "zh" ? 1 : 0] : value;
  };

  // Characters that are invisible or turn the direction of the text are shown by their number.
  const visible = (text) =>
    text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g,
      (c) => `‹U+${c.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}›`);

  const make = (tag, className, text) => {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = text;
    return node;
  };

  function fillSelects() {
    for (const select of form.querySelectorAll("select")) {
      const chosen = select.value;
      const values = data.columns[select.name];
      const options = values.map((value, code) => [nameOf(select.name, value) || "—", String(code)]);
      options.sort((a, b) => a[0].localeCompare(b[0], page.lang));
      select.replaceChildren(new Option(page.say("transcripts.any"), ""));
      for (const [name, code] of options) select.append(new Option(visible(name), code));
      select.value = chosen;
      select.disabled = values.length < 2;
    }
  }

  function filter() {
    const wanted = [];
    for (const select of form.querySelectorAll("select")) {
      if (select.value !== "") wanted.push([place[select.name], Number(select.value)]);
    }
    const text = form.elements.text.value.trim().toLowerCase();
    const matches = text && new Set(
      data.prompts.flatMap((prompt, code) => (prompt.toLowerCase().includes(text) ? [code] : [])));
    found = data.rows.filter((row) =>
      wanted.every(([index, code]) => row[index] === code) &&
      (!text || matches.has(row[PROMPT]) || row[RESPONSE].toLowerCase().includes(text)));
    start = 0;
    show();
  }

  function turn(className, name, text, cut) {
    const line = make("div", `turn ${className}`);
    const body = make("dd", "", visible(text));
    body.dir = "auto";
    if (cut) body.append(make("i", "", ` ${page.say("transcripts.cut_mark")}`));
    line.append(make("dt", "", name), body);
    return line;
  }

  function chances(row) {
    const line = make("div", "turn");
    const body = make("dd");
    for (const [label, p] of Object.entries(row[PROBABILITIES])) {
      body.append(make("span", "prob", `${nameOf("label", label)} ${(p * 100).toFixed(1)} %`));
    }
    line.append(make("dt", "", page.say("transcripts.probabilities")), body);
    return line;
  }

  // What was shown, small, with its name: the name alone where the page has no room for the picture.
  function pictures(ids) {
    const figure = make("figure");
    for (const id of ids.split(" ")) {
      if (images[id]) {
        const image = make("img");
        image.src = images[id];
        image.width = image.height = 64;
        image.alt = id;
        figure.append(image);
      }
      figure.append(make("figcaption", "", visible(id)));
    }
    return figure;
  }

  function entry(row) {
    const value = (name) => data.columns[name][row[place[name]]];
    const item = make("li", "entry");
    const top = make("div", "entry-top");
    const label = value("label");
    const tag = make("span", "tag", nameOf("label", label) || "—");
    if (/^[a-z]+$/.test(label)) tag.classList.add(`tag-${label}`);
    top.append(tag);
    for (const name of ["cluster", "probe", "route", "lang", "variant"]) {
      if (value(name)) top.append(make("span", "", visible(nameOf(name, value(name)))));
    }
    const talk = make("dl");
    talk.append(turn("asked", page.say("transcripts.asked"), data.prompts[row[PROMPT]], row[CUT_PROMPT]));
    const scored = Object.keys(row[PROBABILITIES]).length > 0;
    if (scored) talk.append(chances(row));
    if (row[RESPONSE] || !scored) {
      const text = row[RESPONSE] || page.say("transcripts.empty_answer");
      talk.append(turn("said", page.say("transcripts.answered"), text, row[CUT_RESPONSE]));
    }
    item.append(top, ...(value("images") ? [pictures(value("images"))] : []), talk);
    return item;
  }

  function show() {
    const end = Math.min(start + size, found.length);
    list.replaceChildren(...found.slice(start, end).map(entry));
    range.textContent = found.length
      ? page.say("transcripts.range", { from: start + 1, to: end, n: found.length.toLocaleString("en") })
      : page.say("transcripts.nothing");
    previous.disabled = start === 0;
    next.disabled = end >= found.length;
  }

  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(filter));
  const move = (step) => {
    start += step;
    show();
    list.scrollIntoView({ block: "start" });
  };
  previous.addEventListener("click", () => move(-size));
  next.addEventListener("click", () => move(size));
  page.onLanguage(() => {
    fillSelects();
    show();
  });
  fillSelects();
  filter();
})();
page.start();
