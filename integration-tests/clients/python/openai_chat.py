"""What a caller of a gateway sees, through the OpenAI client: one question, one line of JSON.

    OPENAI_BASE_URL=… OPENAI_API_KEY=… python openai_chat.py MODEL QUESTION
"""

import json
import sys

import openai


def main(model: str, question: str) -> int:
    # One try: what a second one would find out is not what is asked here.
    client = openai.OpenAI(max_retries=0)
    try:
        answer = client.chat.completions.create(model=model, messages=[{"role": "user", "content": question}])
    except openai.APIStatusError as error:
        print(json.dumps({"status": error.status_code, "error": error.body}))
        return 1
    print(json.dumps({"status": 200, "content": answer.choices[0].message.content}))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
