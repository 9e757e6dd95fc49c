// A canvas in device pixels, and the colours of the page in force.

export class Surface {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.width = this.height = 0;
    this.scale = 1;
    this.moved = true;
    // asking for the size in every frame would make the browser lay the page out in every frame
    new ResizeObserver(() => {
      this.moved = true;
    }).observe(canvas);
  }

  // Follow the size that CSS gives the canvas; says whether it has changed.
  fit() {
    if (!this.moved) return false;
    this.moved = false;
    const scale = Math.min(window.devicePixelRatio || 1, 2);
    const width = Math.max(1, Math.round(this.canvas.clientWidth * scale));
    const height = Math.max(1, Math.round(this.canvas.clientHeight * scale));
    if (width === this.width && height === this.height) return false;
    this.canvas.width = this.width = width;
    this.canvas.height = this.height = height;
    this.scale = scale;
    return true;
  }

  clear() {
    this.context.clearRect(0, 0, this.width, this.height);
  }

  // Text of a size in CSS pixels at device pixels x, y.
  text(words, x, y, color, align = "left", baseline = "middle", size = 11) {
    const context = this.context;
    context.font = `${size * this.scale}px system-ui, sans-serif`;
    context.fillStyle = color;
    context.textAlign = align;
    context.textBaseline = baseline;
    context.fillText(words, x, y);
  }
}

export function colours() {
  const style = getComputedStyle(document.documentElement);
  const give = (name) => style.getPropertyValue(name).trim();
  return {
    ink: give("--ink"), soft: give("--soft"), line: give("--line"), card: give("--card"),
    accent: give("--accent"), bad: give("--bad"), good: give("--good"),
  };
}

export function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : window.matchMedia("(prefers-color-scheme: dark)").matches;
}

// Eight hues that colour-blind people can tell apart (after Okabe and Ito), for both themes.
const LIGHT = ["#0072b2", "#d55e00", "#00805d", "#b8478a", "#7a5195", "#8a6d00", "#2b8fc4", "#5c6370"];
const DARK = ["#56b4e9", "#ff8a4c", "#3fd0a0", "#f09cc8", "#b79af0", "#f0d04c", "#8fd3ff", "#b4bac4"];

export function hue(number) {
  return (isDark() ? DARK : LIGHT)[number % LIGHT.length];
}

// A step for axes: 1, 2 or 5 times a power of ten, so that `range` has about `count` of them.
export function niceStep(range, count) {
  const rough = range / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((each) => each * power).find((step) => step >= rough);
}
