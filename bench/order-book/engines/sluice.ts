import { Book } from '../../../workloads/order-book/engine/book.ts';
import { playOwnBook } from './play-own-book.ts';

playOwnBook((reports) => new Book(reports));
