// Point at a drawing: what the services answered at that time. Everything shown is in the element #data.
"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
for (const figure of document.querySelectorAll("svg.figure")) {
  const act = data.acts.find((each) => String(each.number) === figure.dataset.act);
  const tip = figure.parentElement.querySelector(".tip");
  const cross = figure.querySelector(".cross");
  const { x0, x1, t0, t1 } = Object.fromEntries(Object.entries(figure.dataset).map(([key, value]) => [key, Number(value)]));
  const hide = () => { tip.hidden = true; cross.setAttribute("visibility", "hidden"); };
  figure.addEventListener("mouseleave", hide);
  figure.addEventListener("mousemove", (event) => {
    const box = figure.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * figure.viewBox.baseVal.width;
    if (x < x0 || x > x1) return hide();
    const at = t0 + ((x - x0) / (x1 - x0)) * (t1 - t0);
    const lines = [`${(at - act.started_at).toFixed(1)} s`];
    for (const lane of act.lanes) {
      const span = lane.stages.find((each) => each.start <= at && at < each.end);
      if (span) lines.push(`${lane.service}: ${span.name}`);
    }
    if (act.traffic) {
      const bin = Math.floor((at - act.traffic.bins_from) / act.traffic.bin_seconds);
      for (const service of act.traffic.services) {
        const parts = Object.entries(service.series).filter(([, counts]) => counts[bin]);
        const text = parts.map(([name, counts]) => `${name}: ${counts[bin] / act.traffic.bin_seconds}/s`).join(", ");
        if (text) lines.push(`${service.service} answered ${text}`);
      }
    }
    cross.setAttribute("x1", x); cross.setAttribute("x2", x); cross.setAttribute("visibility", "visible");
    tip.textContent = lines.join("\n");
    tip.hidden = false;
    const left = event.clientX - box.left;
    tip.style.left = left > box.width - 280 ? `${left - tip.offsetWidth - 14}px` : `${left + 14}px`;
  });
}
