import { Agent, run, setDefaultOpenAIClient, setTracingDisabled } from '@openai/agents';
import OpenAI from 'openai';

setDefaultOpenAIClient(new OpenAI({ baseURL: 'http://127.0.0.1:9110/v1', apiKey: 'any' }));
setTracingDisabled(true); // traces go to the internet

const agent = new Agent({ name: 'Assistant', instructions: 'You are a helpful assistant.', model: 'gpt-4o' });
const result = await run(agent, 'Hello.');
console.log(result.finalOutput);
