/** The version in package.json; a test holds the two together, so no start has to read that file. */
export const version = '0.1.0'
