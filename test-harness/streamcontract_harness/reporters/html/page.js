"use strict";
// The page is whole without this: it adds copying, a filter, and opens what a link leads to.

function button(text, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  made.addEventListener("click", () => act(made));
  return made;
}

function openAround(element) {
  for (let around = element; around; around = around.parentElement) {
    if (around instanceof HTMLDetailsElement) around.open = true;
  }
}

function followLink() {
  const element = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!element) return;
  openAround(element);
  element.scrollIntoView();
}

async function copy(text, made) {
  try {
    await navigator.clipboard.writeText(text);
    made.textContent = "Copied";
  } catch {
    made.textContent = "Select it";
  }
  setTimeout(() => { made.textContent = "Copy"; }, 2000);
}

for (const block of document.querySelectorAll(".copied")) {
  const code = block.querySelector("code");
  const made = button("Copy", (pressed) => copy(code.textContent, pressed));
  made.setAttribute("aria-label", `Copy: ${block.querySelector("pre").getAttribute("aria-label")}`);
  block.append(made);
}

const findings = [...document.querySelectorAll(".finding")];
if (findings.length > 1) {
  const tools = document.getElementById("tools");
  const label = document.createElement("label");
  label.textContent = "Filter findings ";
  const input = document.createElement("input");
  input.type = "search";
  input.placeholder = "id, level or words";
  const told = document.createElement("span");
  told.setAttribute("role", "status");
  const texts = findings.map((finding) => finding.querySelector("summary").textContent.toLowerCase());
  input.addEventListener("input", () => {
    const wanted = input.value.toLowerCase().split(/\s+/);
    let shown = 0;
    findings.forEach((finding, n) => {
      finding.hidden = !wanted.every((word) => texts[n].includes(word));
      shown += finding.hidden ? 0 : 1;
    });
    told.textContent = `${shown} of ${findings.length} findings`;
  });
  label.append(input);
  const all = (open) => () => { for (const finding of findings) finding.open = open; };
  tools.append(label, told, button("Open all", all(true)), button("Close all", all(false)));
  tools.hidden = false;
}

addEventListener("hashchange", followLink);
addEventListener("beforeprint", () => { for (const one of document.querySelectorAll("details")) one.open = true; });
followLink();
