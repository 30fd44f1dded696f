// SPDX-License-Identifier: Apache-2.0
// What both libraries are given: the sandbox's stack A.
export const API_KEY = 'blt0123456789abcdef';
export const DELIVERY_TOKEN = 'cs0123456789abcdef01234567';
export const PREVIEW_TOKEN = 'csprev0123456789abcdef0123';
export const HASH = 'hash123';
/** The sandbox speaks http alone. */
export const SCHEME = process.env.LARDER_SDK_SCHEME ?? 'http';

/** All entries of a list, page by page. */
export async function paged(page) {
  const size = 25;
  const all = [];
  for (let skip = 0; ; skip += size) {
    const entries = await page(skip, size);
    all.push(...entries);
    if (entries.length < size) return all;
  }
}
