// The error shape in the OpenAPI document. Problems are sent already serialized, so this describes
// and does not filter.

import { Type } from 'typebox';

const ProblemSchema = Type.Object(
  {
    success: Type.Literal(false),
    message: Type.String({ description: 'The `detail`, for clients of the platform.' }),
    type: Type.String({ description: 'A stable name, `urn:reclaim:problem:…`.' }),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String({ description: 'What happened in this case.' }),
    instance: Type.String({ description: 'The path that was requested.' }),
    requestId: Type.String({ description: 'Names the request in the log.' }),
  },
  { additionalProperties: true },
);

function problemResponse(description: string) {
  return { description, content: { 'application/problem+json': { schema: ProblemSchema } } };
}

/** The errors any route may answer with. */
export const PROBLEM_RESPONSES = {
  '4xx': problemResponse('The request is refused; `type` names the reason.'),
  '5xx': problemResponse('It could not be done now, for a reason on our side.'),
};
