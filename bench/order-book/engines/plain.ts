import { PlainBook } from './plain-book.ts';
import { playOwnBook } from './play-own-book.ts';

playOwnBook((reports) => new PlainBook(reports));
