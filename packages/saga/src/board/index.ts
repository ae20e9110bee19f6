// The engine on Bull Board.

export { type SagaBoardOptions, sagaBoard } from './saga-board.ts';
