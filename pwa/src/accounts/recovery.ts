/** The kit somebody has just signed in with, so that they needn't type it twice to set a passphrase or to renew all keys. Memory only. */
export const recovery: { kit: string | null } = { kit: null };
