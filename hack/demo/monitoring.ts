import { type Figure, told } from './figures.ts';
import { urls } from './places.ts';

/** How many programs Prometheus scrapes, and how many of them answered last time. */
export async function scrapedFigure(): Promise<Figure> {
  const what = 'programs that Prometheus scrapes, answering';
  try {
    const response = await fetch(`${urls.prometheus}/api/v1/query?query=up`);
    const { data } = (await response.json()) as { data: { result: { value: [number, string] }[] } };
    const up = data.result.filter(({ value }) => value[1] === '1').length;
    return { what, value: `${data.result.length}, ${up}`, right: up > 0 };
  } catch (error) {
    return { ...told(what, (error as Error).message), right: false };
  }
}
