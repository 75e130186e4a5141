// What a page shows, measured: an object of lists of what is wrong with it, and some numbers.
const wrong = [];
const box = (element) => element.getBoundingClientRect();
const shown = (element) => element.checkVisibility();

// The colours of a text and of what it stands on.
const parse = (colour) => (colour.match(/[\d.]+/g) || []).map(Number);
const light = (colour) => {
  const [r, g, b] = parse(colour).slice(0, 3).map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const contrast = (one, other) => {
  const [less, more] = [light(one), light(other)].sort((a, b) => a - b);
  return (more + 0.05) / (less + 0.05);
};
const ground = (element) => {
  for (let at = element; at; at = at.parentElement) {
    const colour = getComputedStyle(at).backgroundColor;
    const alpha = parse(colour)[3] ?? 1;
    if (!at.closest("svg") && alpha > 0) return colour;
  }
  return "rgb(255, 255, 255)";
};

let texts = 0;
let least = 21;
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement;
  if (!walker.currentNode.data.trim() || ["TITLE", "title", "desc", "STYLE"].includes(element.tagName) || !shown(element)) continue;
  texts += 1;
  const style = getComputedStyle(element);
  const found = contrast(element.closest("svg") ? style.fill : style.color, ground(element));
  least = Math.min(least, found);
  if (found < 4.5) wrong.push(`contrast ${found.toFixed(2)}: ${walker.currentNode.data}`);
}

const charts = [...document.querySelectorAll("svg.chart")];
for (const chart of charts) {
  const name = chart.querySelector("title").textContent;
  const { width, height } = box(chart);
  if (width < 200 || height < 150) wrong.push(`${name}: ${width} x ${height}`);
  if (chart.getAttribute("role") !== "img" || !chart.querySelector("desc").textContent) wrong.push(`${name}: no words`);
  // A single point is a dot, else there is a line or a bar with an extent.
  const drawn = [...chart.querySelectorAll("path.line, .bar, circle")];
  if (!drawn.some((mark) => box(mark).width > 0 && box(mark).height > 0)) wrong.push(`${name}: nothing is drawn`);
  for (const mark of drawn) {
    const style = getComputedStyle(mark);
    const found = contrast(style.color, ground(mark));
    if (found < 3) wrong.push(`${name}: a mark with contrast ${found.toFixed(2)}`);
  }
  const marks = [...chart.querySelectorAll("text")].filter(shown);
  for (const [at, mark] of marks.entries()) {
    const one = box(mark);
    if (one.left < 0 || one.right > innerWidth || one.width === 0) wrong.push(`${name}: ${mark.textContent} is outside`);
    for (const next of marks.slice(at + 1)) {
      const other = box(next);
      const apart = one.right <= other.left || other.right <= one.left || one.bottom <= other.top || other.bottom <= one.top;
      if (!apart) wrong.push(`${name}: ${mark.textContent} covers ${next.textContent}`);
    }
  }
  // Who points at the middle of it, reads something.
  chart.scrollIntoView({ block: "center" });
  const spots = [...chart.querySelectorAll(".spot")];
  const middle = box(spots[Math.floor(spots.length / 2)]);
  const hit = document.elementFromPoint(middle.left + middle.width / 2, middle.top + middle.height / 2);
  if (!hit?.querySelector(":scope > title")?.textContent) wrong.push(`${name}: nothing to read where one points`);
}
scrollTo(0, 0);

for (const link of document.querySelectorAll("a")) {
  // A page that a server shows may have links to what else it shows, and to a stand-in.
  const near = location.protocol === "http:" && link.hostname === location.hostname;
  if (link.protocol !== "https:" && !near) wrong.push(`a link to ${link.href}`);
}
for (const foreign of document.querySelectorAll("script, img, iframe, object, form, h1 ~ h1")) wrong.push(`a ${foreign.tagName}`);
if (document.title.includes("taken")) wrong.push("a script ran");
const page = document.scrollingElement;
if (page.scrollWidth > innerWidth) wrong.push(`${page.scrollWidth} wide on a screen of ${innerWidth}`);
return { wrong, texts, least, charts: charts.length, width: innerWidth, ground: getComputedStyle(document.body).backgroundColor };
