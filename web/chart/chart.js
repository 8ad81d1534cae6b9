/*! PollySystem's <polly-chart>. Holds uPlot (https://github.com/leeoniya/uPlot, MIT, Copyright (c) Leon Sorokin). */
// Draws what `chart.data` holds: { at: [ms], lines: [{ title, values: [number | null] }] }. `chart.text(value, short)`
// gives a value as people read it, so that the page and the chart say the same; `unit` (attribute) chooses the steps
// of the axis. Numbers for those who see no canvas stand in the page, not in here.
import uPlot from 'uplot';

// All charts of a page move their cursors together.
const TOGETHER = uPlot.sync('polly');
const BINARY_STEPS = Array.from({ length: 51 }, (_, n) => 2 ** n);
// What the axis reaches at least, so that noise on an idle host does not look like load.
const LEAST = { ratio: 0.1, bytes: 1024 ** 2, rate: 1000, count: 1 };
const SIDE_TEXT = '11px system-ui, sans-serif';

const clock = (options) => new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', ...options });
const minutes = clock({});
const seconds = clock({ second: '2-digit' });

class PollyChart extends HTMLElement {
  #plot = null;
  #shown = null;
  #data = null;
  #inks = {};
  #stop = new AbortController();

  connectedCallback() {
    // What the page gave before this class was loaded lies on the element itself, in front of the setters.
    const early = Object.hasOwn(this, 'data') ? this.data : null;
    if (early) {
      delete this.data;
      this.#data = early;
    }
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    const repaint = () => this.#repaint();
    const size = new ResizeObserver(() => this.#resize());
    const theme = new MutationObserver(repaint);
    size.observe(this);
    theme.observe(document.documentElement, { attributeFilter: ['data-theme'] });
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', repaint, { signal });
    signal.addEventListener('abort', () => {
      size.disconnect();
      theme.disconnect();
    });
    this.#draw();
  }

  disconnectedCallback() {
    this.#stop.abort();
    this.#clear();
  }

  get data() {
    return this.#data;
  }
  set data(data) {
    this.#data = data;
    this.#draw();
  }

  #clear() {
    this.#plot?.destroy();
    this.#plot = null;
    this.replaceChildren();
  }

  #draw() {
    if (!this.isConnected || !this.#data || !this.clientWidth) return;
    const { at, lines } = this.#data;
    const titles = lines.map((line) => line.title).join('\n');
    const columns = [at.map((millis) => millis / 1000), ...lines.map((line) => line.values)];
    if (this.#plot && this.#shown === titles) {
      this.#plot.setData(columns);
      return;
    }
    this.#clear();
    this.#shown = titles;
    this.#readInks(lines.length);
    this.#plot = new uPlot(this.#options(lines), columns, this);
  }

  #resize() {
    if (!this.#plot) return this.#draw();
    this.#plot.setSize({ width: this.clientWidth, height: this.clientHeight });
  }

  #repaint() {
    if (!this.#plot) return;
    this.#readInks(this.#data.lines.length);
    this.#plot.redraw(false);
    this.querySelectorAll('.u-cursor-pt').forEach((point, n) => (point.style.background = this.#inks.lines[n]));
  }

  // A canvas knows no custom properties: a child with the colour says what it is in this theme.
  #readInks(count) {
    const probe = this.appendChild(document.createElement('i'));
    const ink = (name) => {
      probe.style.color = `var(${name})`;
      return getComputedStyle(probe).color;
    };
    this.#inks = { text: ink('--text-2'), grid: ink('--line'), lines: Array.from({ length: count }, (_, n) => ink(`--chart-${(n % 6) + 1}`)) };
    probe.remove();
  }

  #options(lines) {
    const unit = this.getAttribute('unit');
    const text = (value, short) => (value == null ? '—' : this.text(value, short));
    const axis = { stroke: () => this.#inks.text, font: SIDE_TEXT, ticks: { show: false }, grid: { stroke: () => this.#inks.grid, width: 1 } };
    const wide = (_, labels) => 14 + 6.5 * Math.max(4, ...(labels ?? []).map((label) => label.length));
    return {
      width: this.clientWidth,
      height: this.clientHeight,
      padding: [8, 8, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { setScale: false, x: false, y: false }, points: { size: 7 }, sync: { key: TOGETHER.key } },
      scales: { y: { range: (_, _low, high) => [0, Math.max((high ?? 0) * 1.1, LEAST[unit] ?? 1)] } },
      axes: [
        { ...axis, space: 64, size: 24, values: (_, splits, _axis, _space, step) => splits.map((t) => (step < 60 ? seconds : minutes).format(t * 1000)) },
        { ...axis, space: 32, size: wide, values: (_, splits) => splits.map((value) => text(value, true)), ...(unit === 'bytes' && { incrs: BINARY_STEPS }) },
      ],
      series: [{}, ...lines.map((line, n) => ({ label: line.title, stroke: () => this.#inks.lines[n], width: 1.5, points: { size: 4, filter: alone } }))],
      plugins: [tip(lines, text)],
    };
  }
}

// A reading between two gaps has no line: it is drawn as a point.
function alone(plot, line, shown, gaps) {
  const values = plot.data[line];
  return gaps?.length ? values.flatMap((value, i) => (value != null && values[i - 1] == null && values[i + 1] == null ? [i] : [])) : null;
}

// The values under the cursor, beside it.
function tip(lines, text) {
  const box = document.createElement('div');
  const when = document.createElement('p');
  box.className = 'chart-tip';
  box.hidden = true;
  box.append(when);
  const cells = lines.map((line, n) => {
    const row = document.createElement('p');
    const [mark, name, value] = ['i', 'span', 'b'].map((tag) => row.appendChild(document.createElement(tag)));
    mark.className = `chart-mark chart-mark-${(n % 6) + 1}`;
    name.textContent = line.title;
    box.append(row);
    return value;
  });
  const move = (plot) => {
    const { left, idx } = plot.cursor;
    box.hidden = idx == null || left < 0;
    if (box.hidden) return;
    when.textContent = seconds.format(plot.data[0][idx] * 1000);
    cells.forEach((cell, n) => (cell.textContent = text(plot.data[n + 1][idx], false)));
    const space = plot.over.clientWidth - box.offsetWidth;
    const place = left + 12 > space ? left - 12 - box.offsetWidth : left + 12;
    box.style.transform = `translate(${Math.max(0, Math.min(place, space))}px, 4px)`;
  };
  return { hooks: { init: (plot) => plot.over.append(box), setCursor: move, setData: move } };
}

customElements.define('polly-chart', PollyChart);
