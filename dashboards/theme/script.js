/* Draws the charts of a page, and shows one community at a time. Works from disk; asks nothing of any network. */
"use strict";

document.documentElement.classList.add("js", "choosing");

(() => {
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const printing = window.matchMedia("print");
  const printWidth = 660;
  let charts = { config: {}, dark: {}, figures: {} };
  let isPrinting = false;

  /* On a dark page every colour of a figure becomes its counterpart. */
  function recoloured(part) {
    if (typeof part === "string") return charts.dark[part] || part;
    if (Array.isArray(part)) return part.map(recoloured);
    if (part && typeof part === "object") {
      return Object.fromEntries(Object.entries(part).map(([key, value]) => [key, recoloured(value)]));
    }
    return part;
  }

  function draw(place) {
    const figure = charts.figures[place.dataset.figure];
    if (!figure) return;
    const shown = dark.matches && !isPrinting ? recoloured(figure) : structuredClone(figure);
    shown.layout.font = { ...shown.layout.font, family: getComputedStyle(document.body).fontFamily };
    shown.layout.width = isPrinting ? printWidth : undefined;
    shown.layout.autosize = !isPrinting;
    window.Plotly.react(place, shown.data, shown.layout, charts.config);
  }

  function visiblePlaces() {
    return [...document.querySelectorAll("[data-figure]")].filter((place) => !place.closest("[hidden]"));
  }

  function drawVisible() {
    if (window.Plotly) visiblePlaces().forEach(draw);
  }

  /* Without the chart library the tables say the same. */
  function openTables() {
    document.querySelectorAll("details.table").forEach((table) => { table.open = true; });
  }

  function keys() {
    return [...document.querySelectorAll("#scope option")].map((option) => option.value);
  }

  /* The community that the address names, so that a view can be shared; "" if it names none. */
  function named() {
    let name = window.location.hash.slice(1);
    try {
      name = decodeURIComponent(name);
    } catch {
      return "";
    }
    return keys().includes(name) ? name : "";
  }

  function show(key) {
    document.querySelectorAll("[data-scope]").forEach((part) => { part.hidden = part.dataset.scope !== key; });
    document.querySelector("#scope").value = key;
    drawVisible();
  }

  document.addEventListener("DOMContentLoaded", () => {
    document.documentElement.classList.remove("choosing");
    const island = document.querySelector("#charts");
    if (!island) return;
    charts = JSON.parse(island.textContent);
    if (!window.Plotly) openTables();
    const select = document.querySelector("#scope");
    if (select) {
      select.addEventListener("change", () => { window.location.hash = select.value; });
      document.querySelectorAll("[data-show]").forEach((link) => {
        link.addEventListener("click", (event) => {
          event.preventDefault();
          window.location.hash = link.dataset.show;
          window.scrollTo({ top: 0 });
        });
      });
      window.addEventListener("hashchange", () => {
        show(named() || (window.location.hash ? select.value : keys()[0]));
      });
      show(named() || select.value);
    } else {
      drawVisible();
    }
    dark.addEventListener("change", drawVisible);
    window.addEventListener("beforeprint", () => { isPrinting = true; drawVisible(); });
    window.addEventListener("afterprint", () => { isPrinting = false; drawVisible(); });
    printing.addEventListener("change", (event) => { isPrinting = event.matches; drawVisible(); });
  });
})();
