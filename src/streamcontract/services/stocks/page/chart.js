// Draws prices as a line, from the data in the page alone.

const BAR = /^(\d{4}-\d{2}-\d{2}) (\d+(?:\.\d+)?)$/;
const MOST = 5000; // bars that are drawn; a page with more of them is none of ours
const HEIGHT = 280;
const EDGE = { top: 26, right: 16, bottom: 30, left: 60 };
const MONTH_WIDTH = 48; // pixels that a month's name needs at least
const LABEL = 72; // pixels to a side that a label in the middle of its point needs
const SVG = "http://www.w3.org/2000/svg";

const resized = new ResizeObserver((entries) => {
  for (const { target, contentRect } of entries) draw(target, contentRect.width);
});

/** Draws every chart in an element, and again when its width changes. */
export function drawCharts(element) {
  for (const figure of element.querySelectorAll("figure.chart[data-bars]")) {
    const bars = barsOf(figure.dataset.bars);
    if (!bars) continue; // its caption says what it would show
    const drawing = document.createElement("div");
    drawing.className = "drawing";
    figure.prepend(drawing);
    figure.append(legend(bars, figure.dataset.currency ?? ""));
    for (const caption of figure.querySelectorAll("figcaption")) caption.hidden = true; // the drawing's name from now on
    draw(drawing, drawing.clientWidth);
    resized.observe(drawing);
  }
}

/** The prices by day; null when there is anything in them that is none, as a part of them would mislead. */
function barsOf(text) {
  const parts = text.split(",").map((part) => part.trim().match(BAR));
  if (parts.length < 2 || parts.length > MOST || parts.includes(null)) return null;
  const bars = parts.map(([, day, price]) => ({ day, date: new Date(`${day}T00:00:00Z`), price: Number(price) }));
  return bars.every(({ date, price }) => !Number.isNaN(date.getTime()) && Number.isFinite(price)) ? bars : null;
}

const number = (price) => price.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });

function marksOf(bars) {
  const by = (isBetter) => bars.reduce((best, bar) => (isBetter(bar.price, best.price) ? bar : best));
  return { First: bars[0], Low: by((a, b) => a < b), High: by((a, b) => a > b), Last: bars.at(-1) };
}

/** First, low, high and last, as text. */
function legend(bars, currency) {
  const list = document.createElement("dl");
  list.className = "marks";
  for (const [name, { day, price }] of Object.entries(marksOf(bars))) {
    const [group, term, value, when] = ["div", "dt", "dd", "dd"].map((tag) => document.createElement(tag));
    term.textContent = name;
    value.textContent = `${currency} ${number(price)}`.trim();
    when.textContent = day;
    group.append(term, value, when);
    list.append(group);
  }
  return list;
}

function draw(drawing, width) {
  const figure = drawing.closest("figure");
  const bars = barsOf(figure.dataset.bars);
  if (width < EDGE.left + EDGE.right + MONTH_WIDTH) return;
  const scale = scaleOf(bars, width);
  const svg = shape("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, role: "img" });
  svg.setAttribute("aria-label", figure.querySelector("figcaption")?.textContent.trim() || "Prices");
  svg.append(...priceAxis(scale, width), ...monthAxis(bars, scale), ...line(bars, scale), ...extremes(bars, scale, width));
  drawing.replaceChildren(svg);
}

/** Where a bar and a price are on the drawing. */
function scaleOf(bars, width) {
  const { Low, High } = marksOf(bars);
  const span = High.price - Low.price || High.price || 1;
  const [least, most] = [Low.price - span * 0.16, High.price + span * 0.06]; // below the line is a label, too
  const [wide, high] = [width - EDGE.left - EDGE.right, HEIGHT - EDGE.top - EDGE.bottom];
  const x = (index) => EDGE.left + (index / (bars.length - 1)) * wide;
  const y = (price) => EDGE.top + ((most - price) / (most - least)) * high;
  return { x, y, least, most };
}

function priceAxis({ y, least, most }, width) {
  const rough = (most - least) / 8;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
  const digits = Math.max(0, -Math.floor(Math.log10(step)));
  const shapes = [];
  for (let price = Math.ceil(least / step) * step; price <= most; price += step) {
    shapes.push(
      shape("line", { class: "grid", x1: EDGE.left, x2: width - EDGE.right, y1: y(price), y2: y(price) }),
      shape("text", { class: "tick", x: EDGE.left - 8, y: y(price) + 4, "text-anchor": "end" }, tick(price, digits)),
    );
  }
  return shapes;
}

/** A price as the axis has room for it. */
function tick(price, digits) {
  if (price < 100_000) return price.toFixed(digits);
  return price.toLocaleString("en", { notation: "compact", maximumSignificantDigits: 5 });
}

/** A tick at the first bar of a month, as far as there is room for its name; January has the year. */
function monthAxis(bars, { x }) {
  const shapes = [];
  const base = HEIGHT - EDGE.bottom;
  let free = EDGE.left;
  bars.forEach(({ day, date }, index) => {
    if (!index || day.slice(0, 7) === bars[index - 1].day.slice(0, 7)) return;
    shapes.push(shape("line", { class: "grid", x1: x(index), x2: x(index), y1: base, y2: base + 4 }));
    if (x(index) < free || x(index) > x(bars.length - 1) - 12) return;
    const name = date.toLocaleDateString("en", { month: "short", timeZone: "UTC" });
    const label = date.getUTCMonth() ? name : day.slice(0, 4);
    shapes.push(shape("text", { class: "tick", x: x(index), y: base + 20, "text-anchor": "middle" }, label));
    free = x(index) + MONTH_WIDTH;
  });
  return shapes;
}

function line(bars, { x, y }) {
  const path = bars.map(({ price }, index) => `${index ? "L" : "M"}${x(index).toFixed(1)} ${y(price).toFixed(1)}`).join("");
  const base = HEIGHT - EDGE.bottom;
  const area = `${path}L${x(bars.length - 1).toFixed(1)} ${base}L${x(0).toFixed(1)} ${base}Z`;
  return [shape("path", { class: "area", d: area }), shape("path", { class: "line", d: path })];
}

/** Points at the low, the high and the last price, the first two with their price. */
function extremes(bars, { x, y }, width) {
  const { Low, High, Last } = marksOf(bars);
  const point = (bar) => shape("circle", { class: "point", cx: x(bars.indexOf(bar)), cy: y(bar.price), r: 3.5 });
  const label = (name, bar, below) => {
    const at = x(bars.indexOf(bar));
    const anchor = at < EDGE.left + LABEL ? "start" : at > width - EDGE.right - LABEL ? "end" : "middle";
    const place = { class: "mark-label", x: at, y: y(bar.price) + below, "text-anchor": anchor };
    return shape("text", place, `${name} ${number(bar.price)}`);
  };
  return [...new Set([Low, High, Last])].map(point).concat(label("Low", Low, 18), label("High", High, -9));
}

function shape(name, attributes, text = "") {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.textContent = text;
  return element;
}
