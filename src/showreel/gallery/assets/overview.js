// The overview: filter, matrix or table, sorting, and whether the pictures move.
"use strict";

const filter = document.getElementById("filter");
const count = document.getElementById("count");
const matrix = document.getElementById("matrix");
const table = document.getElementById("table");
const motion = document.getElementById("motion");

document.getElementById("controls").hidden = false;

function applyFilter() {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (element) => words.every((word) => element.dataset.text.includes(word));
  for (const element of document.querySelectorAll("[data-text]")) element.hidden = !fits(element);
  for (const section of matrix.querySelectorAll(".dataset, .task")) section.hidden = !section.querySelector(".card:not([hidden])");
  for (const section of table.querySelectorAll(".task")) section.hidden = !section.querySelector("tbody tr:not([hidden])");
  const shown = table.querySelectorAll("tbody tr:not([hidden])").length;
  count.textContent = shown === 1 ? "1 experiment" : `${shown} experiments`;
}

function show(view) {
  matrix.hidden = view !== "matrix";
  table.hidden = view !== "table";
}

// Numbers sort with the best first, names from A to Z and numbers in them by size; a second click turns the order around.
function sort(heading) {
  const column = heading.cellIndex;
  const { rows: found } = heading.closest("table").tBodies[0];
  const numeric = heading.classList.contains("number");
  const order = heading.getAttribute("aria-sort");
  const descending = order ? order === "ascending" : heading.dataset.better === "higher";
  for (const other of heading.parentElement.cells) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
  const value = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent;
  const sign = descending ? -1 : 1;
  const rows = [...found].sort((one, two) => {
    const [a, b] = [value(one), value(two)];
    if (!numeric) return sign * a.localeCompare(b, undefined, { numeric: true });
    return (a === "") - (b === "") || sign * (a - b);
  });
  heading.closest("table").tBodies[0].append(...rows);
}

function toggleMotion() {
  const still = motion.getAttribute("aria-pressed") !== "true";
  motion.setAttribute("aria-pressed", still);
  for (const image of matrix.querySelectorAll("img[data-still]")) {
    image.dataset.moving ??= image.getAttribute("src");
    image.src = still ? image.dataset.still : image.dataset.moving;
  }
}

filter.addEventListener("input", applyFilter);
motion.addEventListener("click", toggleMotion);
motion.hidden = matchMedia("(prefers-reduced-motion: reduce)").matches;
document.getElementById("controls").addEventListener("submit", (event) => event.preventDefault());
for (const radio of document.querySelectorAll("[name=view]")) radio.addEventListener("change", () => show(radio.value));
for (const heading of table.querySelectorAll("thead th")) heading.addEventListener("click", () => sort(heading));
show(document.querySelector("[name=view]:checked").value);
applyFilter();
