import { hash, utf8 } from "../protocol";

/** An id for what several devices make of the same thing, so that they make one record of it: `of` says of what. */
export async function derivedId(of: string): Promise<string> {
  const bytes = await hash(utf8(`aftertide ${of}`));
  const hex = Array.from(bytes.subarray(0, 16), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, "$1-$2-4$3-8$4-$5");
}
