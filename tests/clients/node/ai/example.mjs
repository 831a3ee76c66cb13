import { createAzure } from '@ai-sdk/azure';
import { createOpenAI } from '@ai-sdk/openai';
import { generateText } from 'ai';

const openai = createOpenAI({ baseURL: 'http://127.0.0.1:9110/v1', apiKey: 'any' });
const azure = createAzure({ baseURL: 'http://127.0.0.1:9110/openai/v1', apiKey: 'any' });

for (const provider of [openai, azure]) {
  const { text } = await generateText({ model: provider('gpt-4o'), prompt: 'Hello.' });
  console.log(text);
}
