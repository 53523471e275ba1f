// Charts in the colours of the page, drawn anew when the scheme changes.
"use strict";

const drawn = [];

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

// `series`: {label, colour, data, dashed}; `axes`: {x, y} titles, `logarithmic`.
function options(axes, legend) {
  const axis = (title, type) => ({
    type, title: { display: Boolean(title), text: title, color: colour("muted") },
    ticks: { color: colour("muted"), maxTicksLimit: 8 }, grid: { color: colour("line") },
  });
  return {
    animation: false, responsive: true, maintainAspectRatio: false,
    interaction: { mode: "index", intersect: false },
    plugins: { legend: { display: legend, labels: { color: colour("text"), boxWidth: 14, boxHeight: 2 } } },
    scales: { x: axis(axes.x, axes.bars ? "category" : "linear"), y: axis(axes.y, axes.logarithmic ? "logarithmic" : "linear") },
  };
}

function chart(id, series, axes, extra = {}) {
  const build = () => {
    const datasets = series.map((line) => ({
      label: line.label, data: line.data, borderColor: colour(line.colour), backgroundColor: colour(line.colour) + "99",
      borderDash: line.dashed ? [6, 4] : [], borderWidth: axes.bars ? 0 : 2, pointRadius: axes.points ? 3 : 0, pointHitRadius: 8,
      barPercentage: 1, categoryPercentage: axes.side ? 0.8 : 1, grouped: Boolean(axes.side),
    }));
    const configuration = options(axes, series.length > 1);
    if (!axes.bars && axes.range) Object.assign(configuration.scales.x, { min: axes.range[0], max: axes.range[1] });
    return new Chart(document.getElementById(id), {
      type: axes.bars ? "bar" : "line", data: { labels: axes.labels, datasets },
      options: { ...configuration, ...extra.options }, plugins: extra.plugins ?? [],
    });
  };
  const holder = { id, build, made: build() };
  drawn.push(holder);
  return holder;
}

function forget(ids) {
  for (const holder of drawn.filter(({ id }) => ids.includes(id))) {
    holder.made.destroy();
    drawn.splice(drawn.indexOf(holder), 1);
  }
}

function histogram(id, bins, series, title) {
  const labels = bins.slice(0, -1).map((low, index) => ((low + bins[index + 1]) / 2).toPrecision(3));
  return chart(id, series, { bars: true, labels, x: title, y: "examples" });
}

// A chart of a task or a study: curves over numbers, bars over names.
function drawSection({ id, x, series, axes: [across, up], logarithmic }) {
  const bars = typeof x[0] === "string";
  const lines = series.map((line) => ({ ...line, data: bars ? line.data : line.data.map((value, index) => ({ x: x[index], y: value })) }));
  return chart(id, lines, { x: across, y: up, bars, labels: x, logarithmic, points: true, side: true });
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  for (const holder of drawn) {
    holder.made.destroy();
    holder.made = holder.build();
  }
});
