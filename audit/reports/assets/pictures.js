// The picture grid: its filters choose whose answers the bars show. Pictures stand once in the page.
const images = JSON.parse((document.getElementById("images") || { textContent: "{}" }).textContent);
(() => {
  for (const part of document.querySelectorAll(".pictures")) {
    const data = JSON.parse(document.getElementById(`${part.dataset.anchor}-shares`).textContent);
    const form = part.querySelector("form");
    const chosen = (name) => form.elements[name].value;
    const nameOf = (label) => data.names[label][page.lang === "zh" ? 1 : 0];

    const make = (tag, className, text) => {
      const node = document.createElement(tag);
      if (className) node.className = className;
      if (text !== undefined) node.textContent = text;
      return node;
    };

    function bars(shares) {
      const strip = make("div", "shares");
      const list = make("dl", "told");
      for (const [label, share] of Object.entries(shares)) {
        const piece = make("span", `share tag-${label}`);
        piece.style.flexGrow = share;
        strip.append(piece);
        if (share < 0.005) continue;
        const line = make("div");
        line.append(make("dt", `tag tag-${label}`, nameOf(label)), make("dd", "", `${(share * 100).toFixed(1)} %`));
        list.append(line);
      }
      return Object.keys(shares).length ? [strip, list] : [make("span", "quiet", "—")];
    }

    function show() {
      const skin = chosen("skin");
      for (const cell of part.querySelectorAll("[data-cell]")) {
        const key = [chosen("question"), chosen("route"), skin, cell.dataset.cell].join("|");
        cell.querySelector(".bars").replaceChildren(...bars(data.shares[key] || {}));
        const thumbs = data.thumbs[cell.dataset.cell] || {};
        const id = thumbs[skin] || Object.values(thumbs)[0];
        const image = cell.querySelector("img");
        if (image && id) image.src = images[id];
      }
      for (const row of part.querySelectorAll("tr[data-side]")) {
        row.hidden = chosen("side") !== "" && row.dataset.side !== chosen("side");
      }
    }

    form.addEventListener("input", show);
    form.addEventListener("submit", (event) => event.preventDefault());
    page.onLanguage(show);
  }
})();
