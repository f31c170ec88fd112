// The national share over the periods: lines that carry their own labels, and the half drawn in.
const place = document.getElementById("trend");
const data = JSON.parse(document.getElementById("trend-data").textContent);
const style = getComputedStyle(document.documentElement);
const colour = (name) => style.getPropertyValue(name).trim();

const line = (values, label, shade, dashed) => ({
  type: "line",
  name: label,
  data: values,
  symbolSize: 5,
  lineStyle: { width: 2.5, color: shade, type: dashed ? "dashed" : "solid" },
  itemStyle: { color: shade },
  endLabel: { show: true, formatter: (point) => `${label} ${point.value}%`, color: shade, fontWeight: 600 },
});

if (place && data.periods.length) {
  const chart = echarts.init(place, null, { renderer: "canvas" });
  const units = line(data.units, place.dataset.units, colour("--domestic"), false);
  units.markLine = {
    silent: true,
    symbol: "none",
    data: [{ yAxis: 50 }],
    lineStyle: { color: colour("--ink"), type: "solid", width: 1 },
    label: { formatter: place.dataset.half, position: "insideStartTop" },
  };
  chart.setOption({
    animation: false,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
    grid: { left: 44, right: 132, top: 12, bottom: 26 },
    tooltip: { trigger: "axis", renderMode: "richText", valueFormatter: (value) => `${value}%` },
    xAxis: { type: "category", data: data.periods, boundaryGap: false, axisTick: { show: false } },
    yAxis: { type: "value", min: 0, axisLabel: { formatter: "{value}%" } },
    series: [units, line(data.compute, place.dataset.compute, colour("--foreign"), true)],
  });
  new ResizeObserver(() => chart.resize()).observe(place);
}
