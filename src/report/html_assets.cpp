#include "report/html_assets.hpp"

namespace rlsproof::report {

// Every colour has its pair for dark screens; text on its ground keeps a contrast of at least 4.5.
const std::string_view kStyle = R"css(
:root {
  color-scheme: light dark;
  --page: #f4f5f8; --card: #ffffff; --sunk: #f1f3f6; --ink: #17202c; --soft: #556070; --line: #dfe3ea;
  --link: #1d56c9; --focus: #2f6df6;
  --red: #b3261e; --red-ground: #fdecea; --red-line: #f3c1bc; --red-solid: #c2281f;
  --amber: #8a4b06; --amber-ground: #fff3dc; --amber-line: #f0d29b;
  --blue: #1f56b5; --blue-ground: #e9f0fd; --blue-line: #c1d4f7;
  --green: #11693f; --green-ground: #e3f5ea; --green-line: #b4e0c6;
  --violet: #6337b0; --violet-ground: #f0eafb;
  --top: linear-gradient(135deg, #0d1b30 0%, #16345a 62%, #1b4a6f 100%);
  --shadow: 0 1px 2px rgb(16 24 40 / .06), 0 1px 6px rgb(16 24 40 / .05);
  --mono: ui-monospace, "SF Mono", SFMono-Regular, "Cascadia Mono", Menlo, Consolas, "Liberation Mono", "DejaVu Sans Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0d1117; --card: #161c25; --sunk: #0f141b; --ink: #e7ebf1; --soft: #a0abb9; --line: #2a323e;
    --link: #8ab4ff; --focus: #7aa7ff;
    --red: #ff9d94; --red-ground: #3a1714; --red-line: #6b2a25; --red-solid: #c93a30;
    --amber: #f6c271; --amber-ground: #33240c; --amber-line: #604715;
    --blue: #9cc1ff; --blue-ground: #14243f; --blue-line: #294674;
    --green: #7fd8a8; --green-ground: #10291c; --green-line: #1f5037;
    --violet: #c8adff; --violet-ground: #271c40;
    --top: linear-gradient(135deg, #0a1322 0%, #11263f 62%, #143650 100%);
    --shadow: none;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-padding-top: 1rem; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "Liberation Sans", Arial, sans-serif; }
h1, h2, h3, p { margin: 0; overflow-wrap: anywhere; }
code, pre, .mono { font-family: var(--mono); font-size: .9em; unicode-bidi: isolate; }
a { color: var(--link); }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; border-radius: 4px; }
.wrap { max-width: 70rem; margin: 0 auto; padding: 0 1.5rem; }
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1rem; top: 1rem; background: var(--card); padding: .5rem 1rem; z-index: 9; }

.top { background: var(--top); color: #fff; padding: 1.6rem 0 4.4rem; }
.top .brand { display: flex; align-items: center; gap: .55rem; font-weight: 600; font-size: .95rem; letter-spacing: .01em; }
.top .brand { flex-wrap: wrap; overflow-wrap: normal; }
.top .brand span { overflow-wrap: anywhere; min-width: 0; color: #b9c9de; font-weight: 400; }
.top svg { width: 1.35rem; height: 1.35rem; flex: none; }
.top .verdict { display: inline-block; margin: 1.7rem 0 .7rem; padding: .2rem .75rem; border-radius: 99px;
  font-size: .8rem; font-weight: 650; }
.verdict.findings { background: #ffd9d5; color: #7c130c; }
.verdict.clean { background: #c9f2da; color: #0a4a2a; }
.verdict.could_not_look { background: #ffe6b5; color: #633b00; }
.top h1 { font-size: clamp(1.45rem, 1.05rem + 1.9vw, 2.15rem); line-height: 1.22; font-weight: 680; letter-spacing: -.012em; max-width: 50rem;
  text-wrap: balance; }
.top .about { margin-top: .8rem; color: #c3d1e4; font-size: .94rem; }

.tiles { display: grid; grid-template-columns: repeat(4, 1fr); gap: .9rem; margin-top: -2.9rem; padding: 0; list-style: none; }
.tile { display: block; height: 100%; background: var(--card); border: 1px solid var(--line); border-top: 4px solid var(--edge); border-radius: 12px;
  padding: .85rem 1.1rem .95rem; box-shadow: var(--shadow); color: inherit; text-decoration: none; }
a.tile:hover strong { text-decoration: underline; }
.tile b { display: block; font-size: 2.1rem; line-height: 1.15; font-weight: 700; font-variant-numeric: tabular-nums; color: var(--edge); }
.tile strong { display: block; font-weight: 620; }
.tile small { color: var(--soft); font-size: .84rem; }
.tile.empty { --edge: var(--line); }
.tile.empty b { color: var(--soft); }
.exposure { --edge: var(--red); } .permissions { --edge: var(--amber); } .performance { --edge: var(--blue); } .hygiene { --edge: var(--soft); }

.notice { margin-top: 1.4rem; border: 1px solid var(--amber-line); border-left: 5px solid var(--amber); border-radius: 12px;
  background: var(--amber-ground); padding: 1rem 1.25rem; }
.notice.clean { border-color: var(--green-line); border-left-color: var(--green); background: var(--green-ground); }
.notice.info { border-color: var(--blue-line); border-left-color: var(--blue); background: var(--blue-ground); }
.notice h2 { font-size: 1.05rem; color: var(--amber); }
.notice.clean h2 { color: var(--green); }
.notice.info h2 { color: var(--blue); }
.notice p, .notice ul { margin: .35rem 0 0; }
.notice ul { padding-left: 1.2rem; }
.notice li { margin-top: .3rem; white-space: pre-line; overflow-wrap: anywhere; }
.notice li b { font-weight: 620; }

.filter { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem .9rem; margin-top: 1.6rem; }
.filter[hidden] { display: none; }
.filter input[type=search] { flex: 1 1 16rem; min-width: 0; font: inherit; color: inherit; background: var(--card);
  border: 1px solid var(--line); border-radius: 9px; padding: .5rem .8rem; }
.filter label { display: inline-flex; align-items: center; gap: .35rem; font-size: .92rem; }
.filter output { color: var(--soft); font-size: .9rem; }

.jump { display: flex; flex-wrap: wrap; gap: .3rem 1.4rem; margin-top: 1.1rem; font-size: .93rem; }

section.group { margin-top: 2.2rem; }
.group > h2, .plain > h2 { display: flex; align-items: baseline; gap: .6rem; font-size: 1.25rem; letter-spacing: -.005em; }
.group > h2::before { content: ""; align-self: center; width: .6rem; height: .6rem; border-radius: 3px; background: var(--edge); }
.group > h2 small, .plain > h2 small { font-weight: 400; font-size: .9rem; color: var(--soft); }

.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; box-shadow: var(--shadow);
  margin-top: .8rem; padding: 1rem 1.25rem 1.05rem; content-visibility: auto; contain-intrinsic-size: auto 12rem; }
.card .head { display: flex; flex-wrap: wrap; align-items: center; gap: .4rem .6rem; }
.card h3 { order: 1; flex: 1 1 14rem; font-size: 1rem; font-weight: 640; }
.card .level { order: 0; } .card .badge { order: 2; } .card .number { order: 3; }
.card .number { color: var(--soft); font-size: .85rem; text-decoration: none; font-variant-numeric: tabular-nums; }
.level, .badge { display: inline-block; border-radius: 6px; padding: .08rem .5rem; font-size: .78rem; font-weight: 620; border: 1px solid transparent; }
.level.error { background: var(--red-ground); color: var(--red); border-color: var(--red-line); }
.level.warning { background: var(--amber-ground); color: var(--amber); border-color: var(--amber-line); }
.level.note { background: var(--blue-ground); color: var(--blue); border-color: var(--blue-line); }
.badge { background: var(--sunk); color: var(--soft); border-color: var(--line); font-weight: 520; }
.badge.execution { background: var(--green-ground); color: var(--green); border-color: var(--green-line); }
.badge.proof { background: var(--violet-ground); color: var(--violet); }
.badge.privilege { background: var(--blue-ground); color: var(--blue); border-color: var(--blue-line); }
.card .message { margin-top: .5rem; font-size: 1.03rem; white-space: pre-line; }
.card .detail { margin-top: .5rem; color: var(--soft); white-space: pre-line; font-size: .95rem; }
.card .listing { margin: .5rem 0 0; padding: .55rem .8rem; border-left: 3px solid var(--line); background: var(--sunk); border-radius: 0 8px 8px 0; overflow-x: auto; line-height: 1.5; font-size: .84rem; }
.card .hint { margin-top: .55rem; font-size: .95rem; white-space: pre-line; }
.card .hint b { font-weight: 640; }
.fix { margin-top: .75rem; border: 1px solid var(--line); border-radius: 9px; background: var(--sunk); overflow: hidden; }
.fix .bar { display: flex; justify-content: space-between; align-items: center; min-height: 2rem; padding: .2rem .4rem .2rem .8rem; border-bottom: 1px solid var(--line);
  color: var(--soft); font-size: .82rem; font-weight: 600; }
.fix pre { margin: 0; padding: .7rem .8rem .8rem; overflow-x: auto; white-space: pre; tab-size: 4; line-height: 1.5; }
.fix button { font: inherit; color: var(--link); background: none; border: 0; border-radius: 6px; padding: .2rem .5rem; cursor: pointer; }
.fix button:hover { background: var(--card); }
.card .rule { margin-top: .7rem; color: var(--soft); font-size: .84rem; overflow-wrap: anywhere; }
details.more { margin-top: .8rem; }
details.more > summary, .plain summary { cursor: pointer; color: var(--link); padding: .35rem 0; overflow-wrap: anywhere; }

.plain { margin-top: 2.6rem; }
.plain > p { margin-top: .35rem; color: var(--soft); }
.scroll { margin-top: .8rem; overflow: auto; max-height: 85vh; border: 1px solid var(--line); border-radius: 12px; background: var(--card); box-shadow: var(--shadow); }
table { border-collapse: separate; border-spacing: 0; width: 100%; font-size: .92rem; }
th, td { text-align: left; padding: .42rem .8rem; border-bottom: 1px solid var(--line); }
tbody tr:last-child > * { border-bottom: 0; }
.grid thead tr:first-child th { border-bottom: 0; }
.grid thead th { position: sticky; top: 0; z-index: 2; background: var(--card); font-weight: 620; }
.grid thead tr { height: 2.3rem; }
.grid thead tr + tr th { top: 2.3rem; font-weight: 500; color: var(--soft); font-size: .78rem; }
.grid thead tr + tr { height: 1.7rem; }
.grid thead th.persona { text-align: center; white-space: nowrap; border-left: 1px solid var(--line); max-width: 13rem; overflow: hidden; text-overflow: ellipsis; }
.grid th.object { position: sticky; left: 0; z-index: 1; background: var(--card); font-weight: 500; min-width: 11rem; overflow-wrap: anywhere; }
.grid thead th.object { z-index: 3; }
.grid th.object small { margin-left: .7rem; font-weight: 400; color: var(--soft); font-size: .78rem; }
.grid tbody tr:hover > * { background: var(--sunk); }
.grid td, .grid thead tr + tr th:not(.object) { text-align: center; padding: .3rem .18rem; width: 2.2rem; }
.grid .first { border-left: 1px solid var(--line); }
.grid td.first, .grid thead tr + tr th.first { padding-left: .55rem; }
.grid td.last, .grid thead tr + tr th.last { padding-right: .55rem; }
i.c { display: inline-grid; place-items: center; width: 1.7rem; height: 1.7rem; border-radius: 6px; font: 650 .84rem/1 var(--mono); }
.cL, .cE { background: var(--red-solid); color: #fff; }
.cO, .cK { background: var(--red-ground); color: var(--red); box-shadow: inset 0 0 0 1px var(--red-line); }
.cV, .cQ { background: var(--amber-ground); color: var(--amber); box-shadow: inset 0 0 0 1px var(--amber-line); }
.cd, .cp, .cx { background: var(--green-ground); color: var(--green); }
.cn { color: var(--soft); }
.legend { display: flex; flex-wrap: wrap; gap: .45rem 1.4rem; margin: .9rem 0 0; padding: 0; list-style: none; font-size: .9rem; color: var(--soft); }
.legend li { display: inline-flex; align-items: center; gap: .5rem; }
.words { display: grid; grid-template-columns: max-content 1fr; gap: .4rem 1.2rem; margin: .8rem 0 0; font-size: .93rem; }
.words dt { font-weight: 600; } .words dd { margin: 0; color: var(--soft); }
td.count { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
footer.end { margin: 3rem 0 2.5rem; padding-top: 1.1rem; border-top: 1px solid var(--line); color: var(--soft); font-size: .88rem; }
[hidden] { display: none !important; }

@media (max-width: 44rem) {
  .wrap { padding: 0 1rem; }
  .tiles { grid-template-columns: 1fr 1fr; gap: .7rem; }
  .tile { padding: .7rem .85rem .75rem; }
  .tile b { font-size: 1.7rem; }
  .card { padding: .9rem 1rem; }
  .card h3 { order: 4; flex-basis: 100%; }
  .card .number { margin-left: auto; }
  .grid th.object { min-width: 8.5rem; max-width: 42vw; }
  .grid th.object small { display: block; margin: 0; }
  .grid th.object code { font-size: .82rem; }
  .words { grid-template-columns: 1fr; gap: .1rem; }
  .words dd { margin-bottom: .6rem; }
}
@media print {
  :root { --page: #fff; --card: #fff; --sunk: #f6f7f9; --ink: #000; --soft: #444; --line: #ccc; --link: #000;
    --red: #9c1c15; --red-ground: #fdecea; --red-line: #e6a9a3; --red-solid: #b3261e; --amber: #7a4205; --amber-ground: #fff3dc; --amber-line: #e0bd7d;
    --blue: #1b4b9e; --blue-ground: #e9f0fd; --blue-line: #b5c9ee; --green: #0d5833; --green-ground: #e3f5ea; --green-line: #a5d4b8; --violet: #56309a; --violet-ground: #f0eafb; --shadow: none; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  body { font-size: 10.5pt; }
  .wrap { max-width: none; padding: 0; }
  .top { background: none; color: #000; padding: 0 0 1rem; }
  .top .brand span, .top .about { color: #444; }
  .tiles { margin-top: 0; }
  .filter, .jump, .fix button, .skip { display: none !important; }
  .card { break-inside: avoid; content-visibility: visible; }
  h2 { break-after: avoid; }
  .fix pre { white-space: pre-wrap; overflow-wrap: anywhere; }
  .scroll { max-height: none; overflow: visible; border: 0; }
  .grid thead th, .grid th.object { position: static; }
}
)css";

const std::string_view kScript = R"js(
(function () {
  "use strict";
  var all = function (s, e) { return Array.prototype.slice.call((e || document).querySelectorAll(s)); };
  all(".fix").forEach(function (fix) {
    var button = document.createElement("button"), pre = fix.querySelector("pre");
    button.type = "button";
    button.textContent = "Copy";
    button.addEventListener("click", function () {
      var done = function () { button.textContent = "Copied"; setTimeout(function () { button.textContent = "Copy"; }, 1500); };
      var select = function () {
        var range = document.createRange();
        range.selectNodeContents(pre);
        getSelection().removeAllRanges();
        getSelection().addRange(range);
        try { if (document.execCommand("copy")) done(); } catch (e) { }
      };
      if (navigator.clipboard) navigator.clipboard.writeText(pre.textContent).then(done, select); else select();
    });
    fix.querySelector(".bar").appendChild(button);
  });
  var form = document.getElementById("filter");
  if (form) {
    form.hidden = false;
    var cards = all(".card").map(function (card) {
      return { card: card, text: card.textContent.toLowerCase(), level: card.getAttribute("data-level") };
    });
    var run = function () {
      var words = form.q.value.toLowerCase().split(/\s+/), shown = 0, on = {};
      all("input[type=checkbox]", form).forEach(function (box) { on[box.value] = box.checked; });
      var narrowed = form.q.value.trim() !== "" || Object.keys(on).some(function (k) { return !on[k]; });
      cards.forEach(function (c) {
        var hit = on[c.level] && words.every(function (w) { return c.text.indexOf(w) >= 0; });
        c.card.hidden = !hit;
        if (hit) shown++;
      });
      all("details.more").forEach(function (d) {
        d.hidden = !d.querySelector(".card:not([hidden])");
        if (narrowed) d.open = true;
      });
      all("section.group").forEach(function (s) { s.hidden = !s.querySelector(".card:not([hidden])"); });
      form.querySelector("output").textContent = narrowed ? shown + " of " + cards.length + " shown" : "";
    };
    form.addEventListener("input", run);
    form.addEventListener("submit", function (e) { e.preventDefault(); });
    run();
  }
  addEventListener("beforeprint", function () { all("details").forEach(function (d) { d.open = true; }); });
})();
)js";

} // namespace rlsproof::report
