/* Draws the charts of a page, shows one community or project at a time, and hands out pictures, tables and sentences.
   Works from disk; asks nothing of any network: what it loads lies beside the page. */
"use strict";

document.documentElement.classList.add("js");

(() => {
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const printing = window.matchMedia("print");
  const printWidth = 800; // what the style sheet makes as small as the words around it
  const pictureWidth = 900;
  const views = new Map();
  const served = new Map();
  const state = { scope: "", project: "", months: "" };
  let settings = { config: {}, dark: {}, layout: {}, xaxis: {}, yaxis: {}, today: "", source: "" };
  let shown = { title: "", figures: {} };
  let isPrinting = false;
  let turn = 0;

  /* Every file of assets/views calls this. */
  window.ospoView = (name, view) => { views.set(name, view); };

  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const one = (selector, root = document) => root.querySelector(selector);

  function element(name, text, attributes = {}) {
    const made = document.createElement(name);
    made.textContent = text;
    Object.entries(attributes).forEach(([key, value]) => { made.setAttribute(key, value); });
    return made;
  }

  /* Tell what was done: to who sees the page, and to who hears it. */
  function tell(text) {
    const place = one("#told");
    place.textContent = "";
    window.setTimeout(() => { place.textContent = text; }, 30);
    window.clearTimeout(tell.timer);
    tell.timer = window.setTimeout(() => { place.textContent = ""; }, 5000);
  }

  /* ---- charts ---- */

  /* On a dark page every colour of a figure becomes its counterpart. */
  function recoloured(part) {
    if (typeof part === "string") {
      if (part.length === 7) return settings.dark[part] || part;
      return part.includes("color:#") ? part.replace(/#[0-9a-f]{6}/g, (colour) => settings.dark[colour] || colour) : part;
    }
    if (Array.isArray(part)) return part.map(recoloured);
    if (part && typeof part === "object") {
      return Object.fromEntries(Object.entries(part).map(([key, value]) => [key, recoloured(value)]));
    }
    return part;
  }

  /* A figure with what all have in common, the marks above it, and no more time than was asked for. */
  function completed(figure) {
    const { data, layout } = structuredClone(figure);
    Object.keys(layout).forEach((key) => {
      if (key.startsWith("xaxis")) layout[key] = { ...settings.xaxis, ...layout[key] };
      if (key.startsWith("yaxis")) layout[key] = { ...settings.yaxis, ...layout[key] };
    });
    const whole = { data, layout: { ...structuredClone(settings.layout), ...layout } };
    mark(whole);
    cut(whole);
    return whole;
  }

  function mark({ data, layout }) {
    const { lane } = layout.meta || {};
    if (!lane || !shown.marks) return;
    shown.marks.forEach((trace) => { data.push({ ...structuredClone(trace), yaxis: lane }); });
    const days = shown.marks.filter((trace) => trace.marker.symbol !== "line-ns").flatMap((trace) => trace.x);
    if (days.length > 24) return;
    days.forEach((day) => {
      layout.shapes.push({
        type: "line", xref: "x", x0: day, x1: day, yref: "paper", y0: layout.xaxis.position, y1: 1, layer: "below",
        line: { color: layout.xaxis.tickcolor, width: 1 },
      });
    });
  }

  /* The first day of the time that was asked for; "" for all there is. */
  function since() {
    if (!state.months) return "";
    const [year, month] = settings.today.split("-").map(Number);
    const first = new Date(Date.UTC(year, month - 1 - Number(state.months), 1));
    return first.toISOString().slice(0, 10);
  }

  function cut(figure) {
    const first = since();
    const kind = figure.layout.meta && figure.layout.meta.kind;
    if (!first) return;
    if (kind === "rows") cutRows(figure.layout, first);
    if (kind !== "time" && kind !== "cohorts") return;
    const [begins, ends] = figure.layout.xaxis.range;
    if (first <= begins || first >= ends) return;
    figure.layout.xaxis.range = [first, ends];
    if (kind === "time") stretch(figure, first);
  }

  /* Where what is left is much lower than what was left out, all panels are stretched alike. */
  function stretch({ data, layout }, first) {
    const axes = Object.keys(layout).filter((key) => key.startsWith("yaxis") && !layout[key].tickvals && layout[key].range[0] === 0);
    const names = new Set(axes.map((key) => `y${key.slice(5)}`));
    const tops = Object.fromEntries(axes.map((key) => [`y${key.slice(5)}`, layout[key].range[1]]));
    let share = 0;
    data.forEach((trace) => {
      if (!names.has(trace.yaxis) || trace.meta === "missing" || trace.yaxis === layout.meta.lane) return;
      trace.x.forEach((day, index) => {
        if (!day || day < first || trace.y[index] === null) return;
        const above = trace.error_y && trace.error_y.array ? trace.error_y.array[index] || 0 : 0;
        share = Math.max(share, (trace.y[index] + above) / tops[trace.yaxis]);
      });
    });
    share *= 1.12;
    if (!share || share > 0.7) return;
    axes.forEach((key) => { if (`y${key.slice(5)}` !== layout.meta.lane) layout[key].range = [0, layout[key].range[1] * share]; });
    data.forEach((trace) => {
      if (trace.meta === "missing" && names.has(trace.yaxis)) trace.y = trace.y.map((height) => height * share);
    });
  }

  /* Of lines with the newest first, the older ones go, and the chart gets lower. */
  function cutRows(layout, first) {
    const { titles, bottom, panels } = layout.meta;
    const heights = panels.map((rows) => {
      const older = rows.findIndex(([month]) => month && month < first.slice(0, 7));
      const left = older < 0 ? rows : rows.slice(0, Math.max(older, 1));
      return left.reduce((sum, [, height]) => sum + height, 0);
    });
    const total = heights.reduce((sum, height, index) => sum + titles[index] + height, bottom);
    let reached = total;
    heights.forEach((height, index) => {
      const axis = layout[index ? `yaxis${index + 1}` : "yaxis"];
      reached -= titles[index];
      axis.domain = [(reached - height) / total, reached / total];
      axis.range = [height, 0];
      reached -= height;
    });
    layout.annotations = layout.annotations.filter((label) => {
      const height = heights[Number(label.yref.slice(1) || 1) - 1];
      return height === undefined || label.y < height;
    });
    layout.height = total;
    layout.xaxis.position = bottom / total;
  }

  /* Cells too narrow for two digits stay without any: those of one digit alone would look like all there are. */
  function unwrite(data, layout, width) {
    const [begins, ends] = layout.xaxis.range.map(Date.parse);
    const months = (ends - begins) / (30.4 * 86400000);
    if (width / months < 18) data.forEach((trace) => { trace.text = []; });
  }

  function draw(place) {
    const figure = shown.figures[place.dataset.figure];
    if (!figure) return;
    const whole = completed(figure);
    const { data, layout } = dark.matches && !isPrinting ? recoloured(whole) : whole;
    layout.font = { ...layout.font, family: getComputedStyle(document.body).fontFamily };
    layout.width = isPrinting ? printWidth : undefined;
    layout.autosize = !isPrinting;
    if (layout.meta && layout.meta.kind === "cohorts") unwrite(data, layout, isPrinting ? printWidth : place.clientWidth);
    const section = place.closest("section");
    place.closest("figure").classList.toggle("is-tall", layout.height > (isPrinting ? 1170 : 900));
    if (one("[data-figure]", section) === place) section.classList.toggle("is-long", layout.height > 740);
    window.Plotly.react(place, data, layout, settings.config);
  }

  function drawAll() {
    if (window.Plotly) all("[data-figure]").forEach(draw);
  }

  /* One chart after the other, so that the first is seen before the last is drawn; their places are kept free. */
  function drawInTurn() {
    const places = all("[data-figure]").filter((place) => shown.figures[place.dataset.figure]);
    if (!window.Plotly) return;
    places.forEach((place) => { place.style.minHeight = `${shown.figures[place.dataset.figure].layout.height}px`; });
    const drawn = shown;
    const next = () => {
      const place = places.shift();
      if (!place || shown !== drawn) return;
      draw(place);
      place.style.minHeight = "";
      window.setTimeout(next);
    };
    next();
  }

  /* ---- what is taken along: pictures, tables, sentences ---- */

  function fileName(...parts) {
    const safe = [...parts, settings.today].filter(Boolean).join("-");
    return safe.toLowerCase().replace(/[^a-z0-9_-]+/g, "-").replace(/-+/g, "-").slice(0, 120);
  }

  function escaped(text) {
    return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  }

  function lines(text, width) {
    const found = [""];
    text.split(" ").forEach((word) => {
      if (found.at(-1) && found.at(-1).length + word.length >= width) found.push("");
      found.push(`${found.pop()} ${word}`.trim());
    });
    return found;
  }

  /* A chart as a picture of its own: light, with its question above and its source below. */
  async function savePicture(place, format) {
    const { data, layout } = completed(shown.figures[place.dataset.figure]);
    const question = one("h2", place.closest("section")).textContent;
    const about = shown.title ? `${question} (${shown.title})` : question;
    const title = lines(about, 62);
    const above = 34 + 27 * title.length;
    layout.margin = { ...layout.margin, l: layout.margin.l + 16, r: layout.margin.r + 16, t: above, b: 44 };
    layout.height += above + 44;
    layout.width = pictureWidth;
    layout.paper_bgcolor = "#ffffff";
    layout.plot_bgcolor = "#ffffff";
    layout.font = { ...layout.font, family: "Arial, sans-serif" };
    layout.title = {
      text: `<b>${title.map(escaped).join("<br>")}</b>`, x: 0, xref: "container", xanchor: "left", y: 1, yref: "container",
      yanchor: "top", pad: { t: 18, l: 20 }, font: { size: 21 },
    };
    layout.annotations.push({
      xref: "paper", x: 0, xanchor: "left", xshift: -layout.margin.l + 20, yref: "paper", y: 0, yanchor: "top", yshift: -14,
      showarrow: false, text: escaped(layout.meta.lane && shown.signs ? `${settings.source}. ${shown.signs}` : settings.source),
      font: { size: 13 },
    });
    const filename = fileName(place.dataset.figure, shown.title);
    const size = { format, filename, width: pictureWidth, height: layout.height, scale: format === "png" ? 2 : 1 };
    try {
      await window.Plotly.downloadImage({ data, layout, config: settings.config }, size);
      tell(`Saved ${filename}.${format}.`);
    } catch {
      tell("The picture could not be made.");
    }
  }

  /* A cell that a spreadsheet would take for a formula begins with an apostrophe; a number is a bare number. */
  function cellText(text) {
    const plain = text.replaceAll("\u00a0", " ").replace(/\s+/g, " ").trim();
    const [decimal, group] = settings.layout.separators;
    const number = plain.replaceAll(/(?<=\d).(?=\d{3}(?!\d))/g, (mark) => (mark === group.replace("\u00a0", " ") ? "" : mark)).replace(decimal, ".");
    if (/^[+\u2212-]?\d+(\.\d+)?( %)?$/.test(number)) {
      return number.replace("\u2212", "-").replace(/^\+/, "").replace(" %", "%");
    }
    return /^[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]/.test(text.trimStart()) || /^[\t\r]/.test(text) ? `'${plain}` : plain;
  }

  /* What stands in a cell: its number or name, what stands small beside it, and its sentence. */
  function cellParts(cell) {
    const copy = cell.cloneNode(true);
    const small = all("small, .note", copy).map((part) => part.textContent.trim());
    const sentence = all(".in-words", copy).map((part) => part.textContent.trim());
    all("small, .note, .in-words", copy).forEach((part) => { part.remove(); });
    return [copy.textContent, small.join("; "), sentence.join(" ")];
  }

  function grid(rows) {
    const found = [];
    rows.forEach((row, at) => {
      found[at] = found[at] || [];
      let column = 0;
      [...row.cells].forEach((cell) => {
        while (found[at][column]) column += 1;
        const parts = cellParts(cell);
        for (let down = 0; down < cell.rowSpan; down += 1) {
          for (let right = 0; right < cell.colSpan; right += 1) {
            found[at + down] = found[at + down] || [];
            found[at + down][column + right] = rows[0].closest("thead") || (!down && !right) ? parts : ["", "", ""];
          }
        }
        column += cell.colSpan;
      });
    });
    return found;
  }

  /* What stands above a column, over all rows of the head: each of them is told once. */
  function headed(heads, column) {
    const told = heads.map((row) => row[column].slice(0, 2).map((text) => text.trim()).filter(Boolean));
    return [...new Set(told.map(([title, note]) => (note ? `${title}${/[?:]$/.test(title) ? "" : ","} ${note}` : title)))].filter(Boolean).join(" ");
  }

  /* On a phone a row of a table is a list, each cell behind its column's name; the roles hold that it stays a table. */
  function stackable(table) {
    if (table.classList.contains("periods")) return;
    const heads = grid([...table.tHead.rows]);
    all("thead, tbody", table).forEach((part) => { part.setAttribute("role", "rowgroup"); });
    [...table.rows].forEach((row) => {
      row.setAttribute("role", "row");
      [...row.cells].forEach((cell) => {
        const header = cell.closest("thead") ? "columnheader" : "rowheader";
        cell.setAttribute("role", cell.tagName === "TH" ? header : "cell");
        if (header === "rowheader" && cell.colSpan === 1) cell.dataset.column = headed(heads, cell.cellIndex);
      });
    });
    table.setAttribute("role", "table");
    table.classList.add("stacked");
  }

  function csv(table) {
    const heads = grid([...table.tHead.rows]);
    const body = grid([...table.tBodies[0].rows].filter((row) => !row.hidden));
    const columns = heads[0].map((_, column) => {
      const title = headed(heads, column);
      return [title, column ? `${title} (range)` : `${title} (more)`, "In words"];
    });
    const used = columns.map((_, column) => [0, 1, 2].filter((part) => !part || body.some((row) => row[column] && row[column][part])));
    const told = [columns, ...body].map((row) => used.flatMap((parts, column) => parts.map((part) => {
      const text = row[column] ? row[column][part] : "";
      return `"${cellText(text).replaceAll('"', '""')}"`;
    })).join(","));
    return `\ufeff${told.join("\r\n")}\r\n`;
  }

  function saveTable(table) {
    const link = document.createElement("a");
    const name = `${fileName(table.dataset.name, shown.title)}.csv`;
    link.href = URL.createObjectURL(new Blob([csv(table)], { type: "text/csv;charset=utf-8" }));
    link.download = name;
    document.body.append(link);
    link.click();
    link.remove();
    window.setTimeout(() => { URL.revokeObjectURL(link.href); }, 10000);
    tell(`Saved ${name}.`);
  }

  async function copySentence(place) {
    const about = one(".about-what", place.parentElement);
    const sentence = place.textContent.replaceAll("\u00a0", " ").replace(/\s+/g, " ").trim();
    const text = `“${about ? `${about.textContent.trim()}: ` : ""}${sentence}” ${settings.source}.`;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const box = element("textarea", "", { class: "aside", "aria-hidden": "true" });
      box.value = text;
      document.body.append(box);
      box.select();
      const done = document.execCommand("copy");
      box.remove();
      if (!done) { tell("The browser does not allow to copy."); return; }
    }
    tell("Copied, with its source.");
  }

  function button(text, more, act) {
    const made = element("button", text, { type: "button", class: "quiet", "aria-label": more ? `${text}: ${more}` : text });
    made.addEventListener("click", act);
    return made;
  }

  /* The buttons of a part of the page. They are made here, for without this script they would do nothing. */
  function furnish(root) {
    if (window.Plotly) {
      all("[data-figure]", root).forEach((place) => {
        if (!shown.figures[place.dataset.figure]) return;
        const question = one("h2", place.closest("section")).textContent;
        const tools = element("p", "", { class: "tools" });
        ["PNG", "SVG"].forEach((format) => {
          tools.append(button(`Save as ${format}`, question, () => savePicture(place, format.toLowerCase())), " ");
        });
        place.closest("figure").append(tools);
      });
    }
    all("table[data-name]", root).forEach((table) => {
      stackable(table);
      const region = table.closest(".scroll");
      const tools = element("p", "", { class: "tools" });
      const rows = [...table.tBodies[0].rows].slice(Number(table.dataset.open || Infinity));
      if (rows.length) {
        rows.forEach((row) => { row.classList.add("older"); });
        const more = button("", "", () => { table.classList.toggle("is-open"); table.tellOlder(); });
        table.tellOlder = () => {
          const [isOpen, older] = [table.classList.contains("is-open"), rows.filter((row) => !row.hidden).length];
          more.hidden = !older;
          more.textContent = isOpen ? "Show fewer" : `Show ${older} older`;
          more.setAttribute("aria-label", more.textContent);
          more.setAttribute("aria-expanded", String(isOpen));
        };
        table.tellOlder();
        tools.append(more, " ");
      }
      tools.append(button("Save as CSV", region.getAttribute("aria-label"), () => saveTable(table)));
      region.after(tools);
    });
    all(".quotable", root).forEach((place) => {
      const links = one(".links", place.parentElement);
      const copy = button("Copy", "this sentence with its source", () => copySentence(place));
      if (links) links.prepend(copy, " ");
      else place.after(" ", copy);
    });
    all("[data-show]", root).forEach((link) => {
      link.addEventListener("click", (event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
        event.preventDefault();
        const isProject = link.dataset.show.startsWith("project=");
        go(isProject ? { project: link.dataset.show } : { scope: link.dataset.show, project: "" });
        one(isProject ? "#project" : "#scope").focus({ preventScroll: true });
        window.scrollTo({ top: 0 });
      });
    });
    all('a[href^="#"]:not([data-show])', root).forEach((link) => {
      link.addEventListener("click", (event) => {
        event.preventDefault();
        toMetric(link.getAttribute("href").slice(1));
      });
    });
  }

  /* To a metric on this page, without letting go of what the address says is shown. */
  function toMetric(name) {
    const section = document.getElementById(name);
    if (!section) return;
    section.scrollIntoView();
    const heading = one("h2", section);
    if (heading) heading.focus({ preventScroll: true });
  }

  /* ---- one community, one project, one time ---- */

  function load(name) {
    if (views.has(name)) return Promise.resolve(views.get(name));
    return new Promise((done, failed) => {
      const script = element("script", "", { src: `assets/views/${name}.js` });
      script.addEventListener("load", () => { if (views.has(name)) done(views.get(name)); else failed(new Error(name)); });
      script.addEventListener("error", () => { failed(new Error(name)); });
      document.head.append(script);
    });
  }

  function decoded(key) {
    try {
      return decodeURIComponent(key);
    } catch {
      return key;
    }
  }

  /* What the address asks for; null where it only names a place on the page. */
  function asked() {
    const hash = window.location.hash.slice(1);
    const wanted = { scope: "", project: "", months: "", metric: "" };
    if (hash && hash !== "all" && !hash.includes("=")) return null;
    hash.split("&").forEach((part) => {
      const [name, value] = [part.split("=")[0], part.slice(part.indexOf("=") + 1)];
      if (name === "community" || name === "list") wanted.scope = part;
      if (name === "project") wanted.project = part;
      if (name === "months" && ["12", "24"].includes(value)) wanted.months = value;
      if (name === "metric") wanted.metric = decoded(value);
    });
    return wanted;
  }

  function chosen(select, key) {
    const wanted = decoded(key);
    return [...select.options].find((option) => decoded(option.value) === wanted);
  }

  /* Write into the address what is to be shown; the page follows the address. */
  function go(change) {
    const next = { ...state, ...change };
    const parts = [next.scope, next.project, next.months && `months=${next.months}`];
    window.location.hash = parts.filter((part) => part && part !== "all").join("&") || "all";
  }

  function offerProjects(view) {
    const select = one("#project");
    if (!select) return;
    const projects = view.projects || [];
    select.closest("p").hidden = !projects.length;
    select.replaceChildren(element("option", "All of them", { value: "" }));
    projects.forEach(([key, title, name]) => {
      select.append(element("option", title, { value: key, "data-view": name }));
    });
  }

  function fill(view) {
    [one("#answers"), ...all("[data-part]")].forEach((place) => {
      if (window.Plotly) all("[data-figure]", place).forEach((chart) => { window.Plotly.purge(chart); });
      const isAnswers = place.id === "answers";
      const html = isAnswers ? view.answers : (view.parts || {})[place.dataset.part];
      place.innerHTML = html === undefined ? served.get(place) : html;
      furnish(place);
    });
  }

  /* Show what the address asks for; a later wish overtakes an earlier one that is still loading. */
  async function follow() {
    const wanted = asked();
    if (!wanted) return;
    turn += 1;
    const mine = turn;
    const [scopes, projects] = [one("#scope"), one("#project")];
    const option = scopes && (chosen(scopes, wanted.scope) || scopes.options[0]);
    const first = one("#answers").dataset.first;
    const name = option ? option.dataset.view : first;
    let view = name === first ? views.get(first) || { title: "", figures: {} } : null;
    let project = "";
    try {
      view = view || await load(name);
      if (mine !== turn) return;
      offerProjects(view);
      const within = wanted.project && projects && chosen(projects, wanted.project);
      if (within) {
        view = await load(within.dataset.view);
        if (mine !== turn) return;
        project = within.value;
      }
    } catch {
      tell("This part could not be loaded. Perhaps the pages were made anew: load this one again.");
      if (scopes) scopes.value = state.scope || scopes.options[0].value;
      return;
    }
    const isAnother = view !== shown;
    state.scope = option ? option.value : "";
    state.project = project;
    state.months = wanted.months;
    if (scopes) scopes.value = option.value;
    if (projects) projects.value = project;
    if (one("#months")) one("#months").value = wanted.months;
    if (isAnother) {
      const isFirst = !shown.key;
      shown = view;
      if (isFirst && name === first && !project) furnish(one("main"));
      else fill(view);
      if (!isFirst) tell(`Showing ${view.title}.`);
    }
    all("tr[data-end]").forEach((row) => { row.hidden = Boolean(since()) && row.dataset.end < since().slice(0, 7); });
    all("table[data-open]").forEach((table) => { if (table.tellOlder) table.tellOlder(); });
    if (isAnother && !window.location.hash) drawInTurn();
    else drawAll();
    if (wanted.metric) toMetric(wanted.metric);
  }

  function begin() {
    settings = JSON.parse(one("#settings").textContent);
    const answers = one("#answers");
    if (!answers) {
      furnish(one("main"));
      return;
    }
    [answers, ...all("[data-part]")].forEach((place) => { served.set(place, place.innerHTML); });
    if (!window.Plotly || !views.has(answers.dataset.first)) {
      document.documentElement.classList.add("no-charts");
      all("details.table").forEach((table) => { table.open = true; });
    }
    [["#scope", (value) => ({ scope: value, project: "" })], ["#project", (value) => ({ project: value })],
      ["#months", (value) => ({ months: value })]].forEach(([selector, change]) => {
      const select = one(selector);
      if (select) select.addEventListener("change", () => { go(change(select.value)); });
    });
    window.addEventListener("hashchange", follow);
    if (asked()) follow();
    else { window.addEventListener("load", () => toMetric(window.location.hash.slice(1))); showFirst(); }
    dark.addEventListener("change", drawAll);
    window.addEventListener("beforeprint", () => { isPrinting = true; drawAll(); });
    window.addEventListener("afterprint", () => { isPrinting = false; drawAll(); });
    printing.addEventListener("change", (event) => { isPrinting = event.matches; drawAll(); });
  }

  /* The address names a place on the page: all is shown, as it was served. */
  function showFirst() {
    shown = views.get(one("#answers").dataset.first) || shown;
    furnish(one("main"));
    drawAll();
  }

  document.addEventListener("DOMContentLoaded", begin);
})();
