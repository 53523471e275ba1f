// The charts of a study.
"use strict";

for (const section of JSON.parse(document.getElementById("data").textContent).charts) drawSection(section);
