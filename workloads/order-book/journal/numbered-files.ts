export interface NumberedFiles {
  nameOf(number: number): string;
  /** Numbers of the files of this kind among `names`, ascending. */
  numbersIn(names: readonly string[]): number[];
}

/** Files named `<kind>-<20 digits>.<extension>`, so that their names sort as their numbers do. */
export function numberedFiles(kind: string, extension: string): NumberedFiles {
  const pattern = new RegExp(`^${kind}-(\\d{20})\\.${extension}$`);
  return {
    nameOf: (number) => `${kind}-${String(number).padStart(20, '0')}.${extension}`,
    numbersIn: (names) =>
      names
        .map((name) => pattern.exec(name)?.[1])
        .filter((digits) => digits !== undefined)
        .map(Number)
        .sort((a, b) => a - b),
  };
}
