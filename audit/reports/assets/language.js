"use strict";
// The page holds both languages; the root's lang attribute decides which one is seen. The choice
// lives in the address only (#lang=zh&at=methods), so that a link can carry it and nothing is stored.
const page = (() => {
  const root = document.documentElement;
  const words = JSON.parse(document.getElementById("words").textContent);
  const listeners = [];
  const model = document.getElementById("title").textContent;

  const say = (key, gaps = {}) =>
    words[root.lang][key].replace(/\{(\w+)\}/g, (whole, gap) => (gap in gaps ? String(gaps[gap]) : whole));

  const readHash = () => new URLSearchParams(location.hash.slice(1));

  function writeHash(lang, at) {
    const parts = [];
    if (lang !== "en" || readHash().has("lang")) parts.push(`lang=${lang}`);
    if (at) parts.push(`at=${at}`);
    const hash = `#${parts.join("&")}`;
    if (hash !== location.hash && !(hash === "#" && !location.hash)) location.replace(hash);
  }

  function setLanguage(lang) {
    root.lang = lang;
    document.title = say("page.title", { model });
    for (const node of document.querySelectorAll("[data-attr]")) {
      node.setAttribute(node.dataset.attr, node.dataset[lang]);
    }
    for (const button of document.querySelectorAll("button[data-lang]")) {
      button.setAttribute("aria-pressed", String(button.dataset.lang === lang));
    }
    for (const listen of listeners) listen();
  }

  function goTo(id) {
    const target = document.getElementById(id);
    if (!target) return;
    target.scrollIntoView();
    target.focus({ preventScroll: true });
  }

  function fromHash() {
    const given = readHash();
    const preferred = (navigator.language || "").toLowerCase().startsWith("zh") ? "zh" : "en";
    const asked = given.get("lang");
    const lang = asked === "zh" || asked === "en" ? asked : preferred;
    if (lang !== root.lang) setLanguage(lang);
    if (given.get("at")) goTo(given.get("at"));
  }

  for (const button of document.querySelectorAll("button[data-lang]")) {
    button.addEventListener("click", () => {
      setLanguage(button.dataset.lang);
      const lang = button.dataset.lang;
      location.replace(`#lang=${lang}`);
    });
  }
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (!link) return;
    event.preventDefault();
    const id = link.getAttribute("href").slice(1);
    goTo(id);
    writeHash(root.lang, id);
  });
  addEventListener("hashchange", fromHash);

  // Paper has no disclosure triangles: open everything that prints, close it again afterwards.
  const opened = [];
  addEventListener("beforeprint", () => {
    for (const node of document.querySelectorAll("details:not([open])")) {
      node.open = true;
      opened.push(node);
    }
  });
  addEventListener("afterprint", () => {
    for (const node of opened.splice(0)) node.open = false;
  });

  return { say, onLanguage: (listen) => listeners.push(listen), start: fromHash, get lang() { return root.lang; } };
})();
