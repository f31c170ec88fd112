// How many would comply at each threshold: a step for each whole percent, and the rule's own threshold drawn in.
const place = document.getElementById("curve");
const data = place && JSON.parse(document.getElementById("curve-data").textContent);
const style = getComputedStyle(document.documentElement);
const colour = (name) => style.getPropertyValue(name).trim();

// Between two whole percents a threshold lets through at least as many as the next one does: that is drawn.
const line = (values, label, shade, dashed) => ({
  type: "line",
  step: "start",
  name: label,
  data: values.map((count, percent) => [percent, count]),
  showSymbol: false,
  lineStyle: { width: 2, color: shade, type: dashed ? "dashed" : "solid" },
  itemStyle: { color: shade },
});

const differ = (curve) => curve.at_least.some((count, percent) => count !== curve.over[percent]);

if (place) {
  const chart = echarts.init(place, null, { renderer: "canvas" });
  const series = ["units", "compute"].flatMap((measure) => {
    const curve = data.curves[measure];
    if (!curve.known) return [];
    const shade = colour(measure === "units" ? "--domestic" : "--foreign");
    const label = place.dataset[measure];
    const lines = [line(curve.at_least, label, shade, false)];
    if (differ(curve)) lines.push(line(curve.over, `${label} (${place.dataset.over})`, shade, true));
    return lines;
  });
  if (data.threshold !== null) {
    series[0].markLine = {
      silent: true,
      symbol: "none",
      data: [{ xAxis: Number(data.threshold) * 100 }],
      lineStyle: { color: colour("--ink"), type: "solid", width: 1 },
      label: { formatter: place.dataset.threshold, position: "end" },
    };
  }
  chart.setOption({
    animation: false,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
    grid: { left: 52, right: 24, top: 24, bottom: 78 },
    legend: { type: "scroll", bottom: 0 },
    tooltip: { trigger: "axis", renderMode: "richText" },
    xAxis: {
      type: "value",
      min: 0,
      max: 100,
      name: place.dataset.axis,
      nameLocation: "middle",
      nameGap: 24,
      axisLabel: { formatter: "{value}%" },
    },
    yAxis: { type: "value", min: 0, minInterval: 1 },
    series,
  });
  new ResizeObserver(() => chart.resize()).observe(place);
}
