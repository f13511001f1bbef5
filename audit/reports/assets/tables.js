// Sorting: a header's button sorts its column and says so in aria-sort. Missing values stay last.
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  for (const button of table.querySelectorAll("button.sort")) {
    button.addEventListener("click", () => {
      const head = button.closest("th");
      const numeric = button.dataset.kind === "number";
      const now = head.getAttribute("aria-sort");
      // Numbers are first wanted from the largest, names from the start of the alphabet.
      const first = numeric ? "descending" : "ascending";
      const other = numeric ? "ascending" : "descending";
      const next = now === first ? other : first;
      for (const th of table.tHead.rows[0].cells) {
        if (th.hasAttribute("aria-sort")) th.setAttribute("aria-sort", "none");
      }
      head.setAttribute("aria-sort", next);
      const sign = next === "ascending" ? 1 : -1;
      const key = (row) => {
        const cell = row.cells[head.cellIndex];
        if (!numeric) return cell.innerText.trim();
        const value = cell.dataset.value;
        return value === "" || value === undefined ? null : Number(value);
      };
      const compare = new Intl.Collator(page.lang === "zh" ? "zh-Hans" : "en").compare;
      const rows = [...body.rows].map((row) => [key(row), row]);
      rows.sort(([a], [b]) => {
        if (a === null || b === null) return (a === null) - (b === null);
        return sign * (numeric ? a - b : compare(a, b));
      });
      body.append(...rows.map(([, row]) => row));
    });
  }
}
