import { diff3MergeRegions } from "node-diff3";
import type { Json, JsonObject } from "../protocol";
import { CLOSE, OPEN } from "./marked";

/**
 * The ways to cut a text, coarse to fine: a finer one is used only where both sides changed the same piece. Comparing is
 * quadratic in what repeats, so an empty line goes with the line before, and words are compared within sentences, never
 * across a long paragraph.
 */
const CUTS = [/[^\n]*\n\s*|[^\n]+$/g, /[\s\S]*?(?:[.!?…:;]+\s+|$)/g, /\s+|\S+/g];
/** Pieces above which a cut isn't tried: a sentence that long is no sentence. */
const MANY = 600;

function cut(text: string, by: RegExp): string[] {
  return (text.match(by) ?? []).filter((piece) => piece !== "");
}

function both(mine: string, theirs: string): string {
  if (theirs.trim() === "" || mine.includes(theirs)) return mine;
  if (mine.trim() === "" || theirs.includes(mine)) return mine === "" || theirs.includes(mine) ? theirs : mine + theirs;
  const [, before = "", inner = "", after = ""] = /^(\s*)([\s\S]*?)(\s*)$/.exec(theirs) ?? [];
  return `${mine}${before || " "}${OPEN}${inner}${CLOSE}${after}`;
}

function mergePieces(base: string, mine: string, theirs: string, depth: number): string {
  if (mine === base || mine === theirs) return theirs;
  if (theirs === base) return mine;
  const by = CUTS[depth];
  if (!by) return both(mine, theirs);
  const [a, o, b] = [cut(mine, by), cut(base, by), cut(theirs, by)];
  if (depth > 0 && Math.max(a.length, o.length, b.length) > MANY) return both(mine, theirs);
  return diff3MergeRegions(a, o, b)
    .map((region) =>
      region.stable
        ? region.bufferContent.join("")
        : mergePieces(region.oContent.join(""), region.aContent.join(""), region.bContent.join(""), depth + 1),
    )
    .join("");
}

/**
 * Merges two texts that were one, by lines, in lines that both changed by sentences, and in those by words. Where both
 * changed the same words both stay: nothing typed is dropped.
 */
export function mergeText(base: string, mine: string, theirs: string): string {
  return mergePieces(base, mine, theirs, 0);
}

function same(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined || a === null || b === null) return false;
  if (typeof a !== "object" || typeof b !== "object") return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => same(item, b[i]));
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].every((name) => same((a as JsonObject)[name], (b as JsonObject)[name]));
}

function isObject(value: Json | undefined): value is JsonObject {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

function mergeValue(
  name: string,
  base: Json | undefined,
  mine: Json | undefined,
  theirs: Json | undefined,
): Json | undefined {
  if (same(mine, base)) return theirs;
  if (same(theirs, base) || same(mine, theirs)) return mine;
  if (typeof mine === "string" && typeof theirs === "string" && name === "text") {
    return mergeText(typeof base === "string" ? base : "", mine, theirs);
  }
  if (isObject(mine) && isObject(theirs)) return mergeContent(isObject(base) ? base : {}, mine, theirs);
  if (Array.isArray(mine) && Array.isArray(theirs)) {
    const before = Array.isArray(base) ? base : [];
    const added = theirs.filter((item) => ![...before, ...mine].some((other) => same(item, other)));
    const kept = mine.filter(
      (item) => !before.some((other) => same(item, other)) || theirs.some((other) => same(item, other)),
    );
    return [...kept, ...added];
  }
  return mine;
}

/**
 * Merges three states of what a record says, field by field: what one side changed is taken, text by
 * {@link mergeText}, lists as sets, and of two different values of another field one's own.
 */
export function mergeContent(base: JsonObject, mine: JsonObject, theirs: JsonObject): JsonObject {
  const merged: JsonObject = {};
  for (const name of new Set([...Object.keys(theirs), ...Object.keys(mine)])) {
    const value = mergeValue(name, base[name], mine[name], theirs[name]);
    if (value !== undefined) merged[name] = value;
  }
  return merged;
}

/** Whether `theirs` says something that `mine`, which was made from `base`, neither says nor has changed on purpose. */
export function saysMore(base: JsonObject, mine: JsonObject, theirs: JsonObject): boolean {
  return !same(mergeContent(base, mine, theirs), mine);
}
